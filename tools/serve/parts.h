/* What the files of this folder share: see serve.h.
 *
 * A connection reads commands, runs them one after the other, and keeps their answers in the order
 * of the commands. An answer may be sent when the ticket of its call is answered, and all before it
 * were sent. While a connection waits, or its client does not read, it runs and reads nothing more;
 * others do not see that. */
#ifndef TOOLS_SERVE_PARTS_H
#define TOOLS_SERVE_PARTS_H

#include "serve/command.h"
#include "serve/request.h"
#include "serve/serve.h"

enum {
	ROOM_DEFAULT = 256 << 20,
	WORDS_MAX = 65536, /* of a command */
	REQUEST_MAX = 34 << 20, /* bytes of a command: a transaction and what it is spelt with */
	STRANGER_WORDS_MAX = 10, /* before AUTH */
	STRANGER_REQUEST_MAX = 4096,
	STRANGER_SECONDS = 30,
	STILL_SECONDS = 2, /* without a byte, after which a connection may be closed for its room */
	UNSENT_MAX = 1 << 20, /* bytes of answers, above which no further command is run */
	ANSWERS_MAX = 1024, /* that wait for a disk, likewise */
	AHEAD_MAX = 65536, /* bytes read ahead of a connection that runs nothing */
	TURN_MAX = 64, /* commands of one connection before others have their turn */
	MULTI_MAX = 16384, /* commands of a transaction */
	LIST_DEFAULT = 1000, /* objects of a page */
	PAGE_BYTES_MAX = 32 << 20, /* where a page ends early */
	CHANNELS_MAX = 16, /* subscriptions of a connection */
	NAME_MAX_BYTES = 64,
};

enum source_kind { SOURCE_LISTENER, SOURCE_EVENTS, SOURCE_END, SOURCE_CONN, SOURCE_CHANNEL };

/* What the loop is told of; it begins whatever has a descriptor there. */
struct source {
	enum source_kind kind;
	int fd;
};

struct answer {
	size_t len;
	struct hf_ticket ticket;
};

struct multi;
struct channel;
struct grant;

struct conn {
	struct source source;
	struct serve *serve;
	struct conn *next, *before; /* of all */
	struct conn *next_busy; /* of those that are looked at in this turn */
	bool busy;
	uint64_t id;
	int64_t since; /* when it came */
	int64_t moved; /* when it last sent or took a byte */
	char name[NAME_MAX_BYTES];
	bool known; /* it gave the password, or none is asked */
	bool eof; /* nothing more comes */
	bool hup; /* its client writes no more */
	bool last; /* to be closed once what it was answered is sent */
	bool dead; /* to be closed at the end of this turn */
	bool again; /* there may be a command to run */
	uint32_t watched; /* events that the loop looks for */
	struct request request;
	struct reply reply; /* what is not sent yet */
	size_t sent; /* of it */
	size_t ready; /* up to where it may be sent */
	struct answer *answers; /* what is not ready yet */
	size_t answers_first, answers_count, answers_cap;
	struct multi *multi; /* WATCH or MULTI was given */
	hf_wait *wait; /* what it waits for */
	const struct command *waits_for; /* NULL: the feed */
	struct grant *grant; /* of its newest wait, until it is heard from again */
	bool unread; /* its client went without having read what was sent */
	hf_feed *feed;
	hf_lsn feed_next; /* 0: not known */
	struct channel *channels;
	unsigned channels_count;
};

struct serve {
	hf_store *store;
	struct serve_options options;
	struct room room;
	struct commands *commands;
	struct arena arena; /* of the command that runs */
	int epoll;
	int spare; /* a descriptor, given up to refuse a connection when there is no other */
	struct source events, end;
	struct listener {
		struct source source;
		bool local;
	} listener[2];
	unsigned listeners;
	struct conn *conns, *busy;
	int64_t swept; /* when strangers were looked for */
	unsigned count, most;
	uint64_t last_id;
	uint64_t commands_run, connections_made, connections_refused;
	bool ended;
	bool look; /* tickets or waits may have ended */
};

/* --- Connections (conn.c) --------------------------------------------------------------------- */

/* NULL: no room; the descriptor stays its caller's. */
struct conn *conn_new(struct serve *serve, int fd, bool known);
void conn_free(struct conn *conn);
/* Reads what there is. */
void conn_read(struct conn *conn);
/* Runs what has come, up to a turn's worth. */
void conn_run(struct conn *conn);
/* Looks which answers may be sent by now, sends them, and says what the loop is to look for. */
void conn_settle(struct conn *conn);
/* What was put into conn->reply since `begin` is the answer of a call with this ticket; NULL or
 * zero: nothing is to be waited for. */
void conn_answer(struct conn *conn, size_t begin, const struct hf_ticket *ticket);
bool conn_is_free(const struct conn *conn); /* could it run a command now? */
void conn_touch(struct conn *conn); /* it is looked at in this turn, and as long as it is busy */
bool conn_hung_up(const struct conn *conn); /* has its client gone, as far as one can see? */

/* --- Running a command (run.c) ---------------------------------------------------------------- */

/* The words of a command; puts its answer into conn->reply. */
void run_command(struct conn *conn, const struct hf_bytes *words, size_t count);
/* A failure of the library, or of the words. */
void run_refuse(struct conn *conn, const struct hf_error *error);
/* Wherever a grant would end with its incarnation, which a connection is not. */
HF_CHECKED int run_check_lease(const struct command *command, const struct decoded *decoded,
                               struct hf_error *error);
/* A read in a transaction; what it gives is put into `reply`, unless it is refused. */
HF_CHECKED int run_read_in(struct serve *serve, hf_txn *txn, const struct command *command,
                           struct decoded *decoded, struct reply *reply, struct hf_error *error);
/* A mutation, with whatever it fills; these are kept by the caller. */
HF_CHECKED int run_mutation_in(hf_store *store, hf_txn *txn, const struct command *command,
                               const struct decoded *decoded, void *filled,
                               struct hf_result *result, struct hf_error *error);
void run_release(const struct hf_api_struct *of, void *filled);

/* --- Words that are no calls (session.c) ------------------------------------------------------ */

/* false: there is no such word. */
bool session_run(struct conn *conn, const struct hf_bytes *words, size_t count);
bool session_is(struct hf_bytes word, const char *text); /* in letters of either case */

/* --- Transactions (multi.c) ------------------------------------------------------------------- */

/* MULTI, EXEC, DISCARD, WATCH, UNWATCH, and whatever comes between MULTI and EXEC. false: it is
 * for others. */
bool multi_run(struct conn *conn, const struct hf_bytes *words, size_t count);
void multi_free(struct conn *conn);
bool multi_is_open(const struct conn *conn); /* behind MULTI */

/* --- Waits and messages (wait.c, channel.c) --------------------------------------------------- */

/* Begins to wait as a command with a wait does. */
void wait_start(struct conn *conn, const struct command *command, const struct decoded *decoded);
/* FEED.READ from [LIMIT n] [WAIT duration] */
void wait_feed(struct conn *conn, const struct hf_bytes *words, size_t count);
/* Takes what connections waited for and has ended. */
void wait_look(struct serve *serve);
/* It waits no more; what it was granted goes back. */
void wait_end(struct conn *conn);
/* What a wait is granted (grant.c). */
void grant_items(struct conn *conn, const struct hf_outbox_items *items);
void grant_lock(struct conn *conn, struct hf_bytes name);
void grant_token(struct conn *conn, hf_token token);
void grant_forget(struct conn *conn);
void grant_give_back(struct conn *conn);

/* SUBSCRIBE and its kin; false: it is for others. */
bool channel_run(struct conn *conn, const struct hf_bytes *words, size_t count);
/* Messages that are there, as long as the connection reads. */
void channel_look(struct channel *channel);
void channels_look(struct conn *conn);
void channels_free(struct conn *conn);

/* --- The loop (loop.c) ------------------------------------------------------------------------ */

bool loop_add(struct serve *serve, struct source *source, uint32_t events);
void loop_change(struct serve *serve, struct source *source, uint32_t events);
void loop_remove(struct serve *serve, struct source *source);
int64_t loop_seconds(void);
/* May the peer use the store? */
bool listen_peer_may(const struct serve *serve, int fd);

#endif
