/* The words every other public header uses: codes, bytes, time, versions, results, errors.
 *
 * Conventions, once for all of holdfast:
 *  - Every fallible function returns an enum hf_code: HF_OK (0) or the cause. The last parameter
 *    is a caller-owned, nullable struct hf_error; it is written on failure only, and need not be
 *    zeroed. Other pointers are not NULL unless a comment allows it.
 *  - `struct hf_bytes` is borrowed: the library copies what it keeps before the call returns,
 *    unless a comment says otherwise.
 *  - A zeroed options or arguments struct always means the defaults.
 *  - Structs that may grow begin with `size`: sizeof the struct as the caller was compiled with it,
 *    or 0: as of its first release. Of one that is handed in, members that the caller's lacks are
 *    zero; a longer one than the library knows is HF_EINVAL unless what lies behind is zero. One
 *    that the library fills is written no further than its size, which stays: zero it, or set the
 *    size, before the first call. What a callback is given alone says how much there is. A size
 *    that no release had is HF_EINVAL, and then nothing was done and nothing filled.
 *    All other structs stay as they are as long as HF_ABI does.
 *  - Names: a call is a verb, hf_outbox_claim(), and its arguments are struct hf_outbox_claim_args;
 *    a struct is a noun. The names of a domain's containers are hf_<domain>_names(), what is in one
 *    hf_<domain>_list() or hf_<domain>_list_<what>() (but hf_inbox_load() and hf_timeline_query()),
 *    how many there are hf_<domain>_count(). A type that ends with _fn is a callback.
 *  - Durations and times are int64 microseconds; times count from the Unix epoch, UTC. */
#ifndef HOLDFAST_TYPES_H
#define HOLDFAST_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes so far, and how many there will be; 0: not known yet. On the thread of the call, once a
 * mebibyte or so, and at the end. It must not use the store. */
typedef void (*hf_progress_fn)(void *ctx, uint64_t done, uint64_t total);

#if defined(__GNUC__)
#define HF_API __attribute__((visibility("default")))
#define HF_CHECKED __attribute__((warn_unused_result))
#else
#define HF_API
#define HF_CHECKED
#endif

/* One code per cause that the caller can act on. The numbers are part of the ABI: add at the
 * end, never renumber. */
enum hf_code {
	HF_OK = 0,
	HF_EINVAL = 1, /* an argument breaks the contract: fix the call */
	HF_ENOTFOUND = 2, /* no such object or store */
	HF_ECONFLICT = 3, /* version, content or guard: read again, decide */
	HF_ECLAIMED = 4, /* another worker has the item */
	HF_EHELD = 5, /* another owner has the lock */
	HF_ESTALE = 6, /* the token is no longer current: stop, you are fenced */
	HF_ENONMONOTONIC = 7, /* a cursor may only go forward; reset it with a reason */
	HF_EREASON = 8, /* a reason is required and was blank */
	HF_ELOCKED = 9, /* another process writes this store */
	HF_EBLOCKED = 10, /* the item's group is busy */
	HF_ETIMEDOUT = 11, /* the deadline passed */
	HF_ECANCELED = 12, /* the store is closing, or the wait was cancelled */
	HF_EGONE = 13, /* older than what is retained */
	HF_ETOOBIG = 14, /* over a limit; nothing was done */
	HF_ENOMEM = 15, /* out of memory; nothing was done */
	/* no room on the disk, a quota or the descriptors used up; nothing was done */
	HF_ENOSPACE = 16,
	/* the write or sync failed: it may turn up after reopen; reopen, then look */
	HF_EUNCERTAIN = 17,
	HF_EFAILED = 18, /* the store failed earlier: close and reopen */
	HF_EIO = 19, /* the device failed to read: not damage; retry or repair the disk */
	HF_ECORRUPT = 20, /* proven damage: fsck, salvage */
	HF_EVERSION = 21, /* written by a newer format; nothing was touched */
	HF_EUNSAFEFS = 22, /* a file system that cannot keep promises */
	HF_EREADONLY = 23, /* a write through a read-only handle */
	HF_EFORK = 24, /* the handle belongs to the parent of this forked child */
	HF_ELAGGED = 25, /* a follower was left behind */
	/* no permission, a read-only medium, or an odd path (a file in the way, a link, a loop): fix
	 * it; nothing was done */
	HF_EACCESS = 26,
};

/* The constant's own name, "HF_EINVAL"; never NULL. */
HF_API const char *hf_code_name(int code);

/* Microseconds since the Unix epoch, UTC. HF_UNSET means no value. */
typedef int64_t hf_time;
#define HF_UNSET INT64_MIN

/* Log sequence number: increasing, never issued twice in a store. 0 = none. */
typedef uint64_t hf_lsn;

/* Fencing token: epoch in the high 16 bits, LSN of the granting entry in the low 48. Strictly
 * increasing forever. 0 = none. */
typedef uint64_t hf_token;

/* In place of a token, in an operation of a transaction: the token that the operation of this index
 * will get, which was added before it: a claim, an acquire, a begin, a put of a lock. HF_EINVAL for
 * an index of no such operation, outside a transaction, and, at the commit, when that operation
 * got none. hf_txn_count() says which index comes next. No token has such a value. */
#define HF_TOKEN_OF(index) ((hf_token)1 << 47 | (uint32_t)(index))

/* Value of an `expect` member meaning "the object must not exist"; 0 means "no expectation". */
#define HF_ABSENT UINT64_MAX

/* Value of a bound that never applies, where a comment allows it. */
#define HF_NEVER UINT32_MAX

/* Limits. */
#define HF_KEY_MAX 512u /* bytes of one key part */
#define HF_PAYLOAD_MAX (16u << 20) /* bytes of one payload */
#define HF_TRANSACTION_MAX (32u << 20) /* encoded bytes of one transaction */

/* Borrowed bytes. {NULL, 0} is the empty value. */
struct hf_bytes {
	const void *data;
	size_t len;
};

static inline struct hf_bytes hf_bytes_of(const void *data, size_t len)
{
	struct hf_bytes bytes = {data, len};
	return bytes;
}

/* Borrows a NUL-terminated string without its NUL; NULL gives the empty value. */
static inline struct hf_bytes hf_str(const char *text)
{
	struct hf_bytes bytes = {text, text ? strlen(text) : 0};
	return bytes;
}

/* How far a commit must have got before it is answered. */
enum hf_durability {
	HF_DURABLE = 0, /* survives kill -9 and power loss */
	HF_OS = 1, /* handed to the kernel: survives kill -9, not power loss */
};

/* When an answer that was given at once may be relied on: see async.h. A plain value, to be
 * copied and forgotten at will. It belongs to the opening of the store that gave it. Zeroed:
 * there is nothing to wait for. */
struct hf_ticket {
	hf_lsn changed; /* to be handed to the kernel */
	hf_lsn due; /* to be durable */
};

/* Lets another thread end a call that waits: see hf_cancel() in store.h. The caller's own,
 * zeroed before its first use. */
struct hf_cancel_flag {
	/* 1: hf_cancel() was called. Set it to 0 to use it again, while no call has it */
	uint32_t cancelled;
};

/* Stands behind the size in the arguments of every mutation. */
struct hf_write {
	/* expected version of the object: 0 none, HF_ABSENT must not exist; else HF_ECONFLICT */
	hf_lsn expect;
	/* of the commit; ignored inside a transaction, which has its own */
	enum hf_durability durability;
	/* Times of 0 in these arguments are the first instant of 1970. false: they are not given, as
	 * in a zeroed struct; HF_UNSET says the same either way. What stands for a time that is not
	 * given is said beside each member. */
	bool literal_times;
	/* `returning` gets the payload (or response) too; false: that is {NULL, 0} there */
	bool returning_payload;
	struct hf_ticket
	    /* NULL: wait until the answer may be relied on. Else answer at once and say here what
	     * that waits for (async.h); ignored inside a transaction */
	    *ticket;
	/* of a call that waits for its turn (an acquire or claim with a wait): hf_cancel() on it
	 * ends the wait. NULL: only time, success and the closing of the store do. Ignored by calls
	 * that do not wait */
	struct hf_cancel_flag *cancel;
	/* NULL: no object is asked for. Else the struct that the get of this kind of object fills
	 * (struct hf_cursor_got of what changes a cursor), zeroed or with its size set: it gets the
	 * object as this operation left it, in the same moment, changed or not. Its `memory` is to be
	 * released; there is none, and all of it is zero, if the object is gone or the call failed. In
	 * a transaction the commit fills it, so it must live until then. HF_EINVAL for what concerns
	 * many objects (a save of one record concerns one), has an answer of its own (a claim), or is
	 * of no kind that a get gives. With returning_payload a payload that this call did not send is
	 * read from disk as a claim reads it: HF_EIO or HF_ECORRUPT with the object there says that
	 * the mutation stands and its payload could not be read */
	void *returning;
	/* Where there is no such object nothing happens, and that is HF_OK with changed = false
	 * instead of HF_ENOTFOUND, in a transaction too. Calls that give an object back (claims)
	 * ignore it; with `expect` a missing object is HF_ECONFLICT all the same */
	bool missing_ok;
	uint64_t reserved[1]; /* for what may come to be said of every mutation: 0, else HF_EINVAL */
};

/* What a mutation did. Valid when it returned HF_OK; inside a transaction, once hf_txn_commit
 * returned HF_OK. */
struct hf_result {
	size_t size; /* types.h */
	bool changed; /* false: nothing to do, no entry was written */
	/* version of the object after the operation; 0 if it is gone or the operation concerns many */
	hf_lsn version;
	hf_token token; /* token granted or kept by a claim; else 0 */
	uint64_t count; /* objects changed by a many-object operation; for one object 0 or 1 */
	/* Items of an outbox (enqueue, fail, release, retry, ...): enum hf_outbox_status of the item
	 * afterwards, also of one that was left as it is; and, if it is queued, from when on
	 * claim_next can give it, else HF_UNSET. Both 0 for everything else. */
	int status;
	hf_time available_at;
	/* objects that a condition of the arguments kept as they were (only_newer of an inbox's
	 * save) */
	uint64_t left_alone;
};

/* Flags of every read. */
enum hf_read_flags {
	HF_READ_UNDURABLE = 1, /* do not wait: the answer may show what a crash can still take back */
};

/* Lists are read in pages: `limit` bounds one, `next` of it is the token that the next one begins
 * with. Instead of a token a page can begin behind a position, `after`: the sort key of an object
 * that the caller has kept, whether the object is still there or not. What stands at the position
 * itself is not given. Parts of it have at most HF_KEY_MAX bytes without NUL; one that the list
 * selects by may be empty and stands for the list's, another one than that is HF_EINVAL. NULL, an
 * empty name, or 0 for an LSN: not given. HF_EINVAL together with a token. */

/* A failure in words. `text` names object and reason in one line without a newline. Of a
 * caller's bytes in it valid UTF-8 is shown as it is; controls, marks that turn the direction of
 * text, line separators, quotes, backslashes and bytes that are no UTF-8 stand as \xNN; an
 * identifier of more than 120 bytes is cut in the middle ("head"..."tail"), two that stand
 * together earlier. Numbers stand first, so that no identifier displaces them. Always valid
 * UTF-8. Damage to a file of the store (HF_ECORRUPT, `file` not empty) is told with the commands to
 * run next. */
#define HF_ERROR_TEXT 256u
#define HF_OPERATION_READ UINT32_MAX
struct hf_error {
	int code; /* enum hf_code */
	int os_errno; /* of the system call that failed, or 0 */
	/* index of the failing operation inside a transaction; HF_OPERATION_READ: what a read in it saw
	 * is not so any more; 0 otherwise */
	uint32_t operation;
	char file[48]; /* file of the store the failure is about, or "" */
	uint64_t offset; /* byte in that file */
	hf_lsn first_lsn; /* range of entries that the failure affects, or 0 */
	hf_lsn last_lsn;
	char text[HF_ERROR_TEXT];
	uint64_t reserved[4]; /* for what may come to be said of failures: 0 */
};

/* Memory that holds the answer of a read or claim: its items, payloads and page token live in
 * it. */
struct hf_memory;

/* Frees an answer; NULL is allowed. Everything that was read from the answer is invalid
 * afterwards. Thread-safe on distinct answers. */
HF_API void hf_release(struct hf_memory *memory);

typedef struct hf_store hf_store;
typedef struct hf_txn hf_txn;
/* Something that is waited for without a thread: see wait.h. */
typedef struct hf_wait hf_wait;

#ifdef __cplusplus
}
#endif

#endif
