/* `holdfast ui`: pages about a store for a browser on this machine, read only.
 *
 * Two threads. The command's own looks at the store once a second, keeps samples of the last hour,
 * ends connections that are too slow, and waits for signals. The server's answers requests one at a
 * time; each does a bounded piece of work. `lock` is held by the thread that uses the look.
 *
 * I-UI-1: whatever comes from the store or a request reaches a page through html_text() and its
 * like alone, which leave no character that markup is made of. I-UI-2: nothing is answered but a
 * refusal to a request whose Host is not this machine's loopback, whose method is not GET or HEAD,
 * or, on TCP, that does not know the key. */
#ifndef TOOLS_UI_H
#define TOOLS_UI_H

#include "cli/cli.h"
#include "look/look.h"
#include "print/buffer.h"

#include <pthread.h>

enum { UI_KEY_BYTES = 32, UI_KEY_SIZE = 129, UI_PAGE_ROWS = 50 };

/* --- Samples of the last hour (samples.c) ----------------------------------------------------- */

enum { SAMPLE_EVERY_S = 5, SAMPLES = 720 };

struct sample {
	bool good; /* false: the store could not be read */
	double changes, bytes; /* a second; below 0: not known */
	uint64_t ready, delayed, blocked, sending, failed, disk;
	double oldest_due_s; /* 0: nothing is due */
};

struct samples {
	struct sample ring[SAMPLES];
	size_t count, next;
	/* since the sample before */
	double changes, bytes;
	unsigned rates;
};

/* After each look; `take`: a sample is due. */
void samples_add(struct samples *samples, const struct look *look, bool take);
/* The one that is `back` before the newest; NULL: there is none. */
const struct sample *samples_at(const struct samples *samples, size_t back);

/* --- The server ------------------------------------------------------------------------------- */

struct ui {
	struct cli *cli;
	pthread_mutex_t lock;
	struct look look;
	struct samples samples;
	bool payloads; /* --payloads */
	char key[UI_KEY_SIZE]; /* "": a unix socket, which needs none */
	hf_time begun_at;
};

struct asked; /* asked.h */

/* An answer to be filled by a page. */
struct answer {
	unsigned status; /* 200 */
	const char *type; /* "text/html; charset=utf-8" */
	struct buffer body;
	const char *title; /* of an HTML page, which is put into the frame; NULL: the body is all */
	const char *here; /* which entry of the navigation it belongs to */
	char location[UI_KEY_SIZE + 8]; /* of a redirection */
};

/* Fills the answer to a request that was let in; `path` is what stands behind the key. */
void route(struct ui *ui, const char *path, const struct asked *request, struct answer *answer);
/* A short page that says why not. */
void refuse(struct answer *answer, unsigned status, const char *why);
/* The code's status: 404 for what is not there, 400 for what no call takes, else 503. */
void refuse_code(struct answer *answer, int code, const char *why);
/* Puts an HTML page into the frame that all have. */
void frame(struct ui *ui, struct answer *answer);

/* Pages; `ui->lock` is held, but for page_history. */
typedef void page_fn(struct ui *ui, const struct asked *request, struct answer *answer);
page_fn page_overview, page_queues, page_queue, page_item, page_claims, page_cursors, page_inboxes,
    page_inbox, page_locks, page_history, page_health, page_metrics;
/* A look's queues that need one, and its claims: of the overview and the page of claims. */
void list_claims(struct ui *ui, struct answer *answer, size_t most);
/* The plots of the last hour. */
void add_plots(struct ui *ui, struct answer *answer);

/* Answers requests on a listening socket until server_stop(); it takes the socket over. */
struct server;
struct server *server_start(struct ui *ui, int listener);
/* Once a second: ends connections that have been too slow. */
void server_reap(struct server *server);
void server_stop(struct server *server);

/* --- The way in (listen.c, key.c) ------------------------------------------------------------- */

/* A socket that listens, or -1 with the sentence printed and *status set. */
int listen_tcp(struct cli *cli, const char *address, char *printed, size_t size, int *status);

/* A new random key in hexadecimal digits, or that of the file, which is made if it is missing.
 * CLI_OK or an exit status with the sentence printed. */
int key_make(struct cli *cli, const char *file, char out[UI_KEY_SIZE]);
/* In a time that does not depend on where they differ. */
bool key_equal(const char *key, const char *given, size_t len);

/* --- Files of tools/ui/pages, compiled in (assets.c) ------------------------------------------ */

struct asset {
	const char *name, *type;
	const char *begin, *end;
};
const struct asset *asset_find(const char *name);

#endif
