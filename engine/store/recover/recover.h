/* What recovery works with: facts about the directory (recover/facts.c), and what is decided
 * from them (recover.c). */
#ifndef HF_STORE_RECOVER_H
#define HF_STORE_RECOVER_H

#include "log/scan.h"
#include "store/internal.h"

/* A segment file in the directory. */
struct hf__segment_file {
	uint32_t number;
	int header_rc; /* HF_OK: valid; HF_ECORRUPT: zero or damaged; HF_EVERSION */
	struct hf__segment_header header;
	uint64_t size;
	bool in_chain;
	bool zero; /* every byte is (check_beyond) */
	bool foreign; /* its header is whole, but of another store, epoch or number */
};

#define HF__SEGMENT_FOREIGN \
	"the segment is of another store than " HF__NAME_IDENTITY \
	" says, or of another place than its name says"

struct hf__recovery {
	struct hf_store *store;
	struct hf_error *error;
	struct hf__segment_file *found; /* by number, ascending */
	size_t count, cap;
	bool strays; /* temporary files are there */
	struct hf__segment_file *head; /* H */
	struct hf__segment_file *first; /* of the chain back from H, once it is marked */
	bool begins_behind; /* what was before `first` stands in a snapshot alone */
	struct hf__witness witness;
	struct hf__writer bytes; /* of a segment that is read whole, or its header */
	struct hf__scan_window window; /* what is held of the segment that was scanned last */
	struct hf__scan_verdict verdict; /* of the newest scan */
	uint64_t next_lsn, previous_hash;
	uint64_t *snapshots; /* LSNs of those that are there */
	size_t snapshot_count, snapshot_cap;
	struct hf__position base; /* replay begins here; {0, 0}: where the log does */
	/* Of a state of the past: replay ends before the first transaction behind these. */
	struct hf__recovery_bound {
		bool is;
		uint64_t lsn;
		int64_t time; /* as entries show it */
		bool inside; /* a transaction is being applied: it is applied whole */
		bool reached; /* replay ended there */
		uint64_t last; /* the entry that was applied last */
	} bound;
	uint64_t scanned; /* bytes of the log that were replayed */
	uint64_t incarnation; /* that wrote the newest entry which was read; 0: none */
	/* A writer is at it: the log is what the witness knows of, and nothing behind is looked at.
	 * r->head is the witness's segment then. */
	bool up_to_witness;
	int rc; /* of the listing or an apply */
};

/* Damage at a place of segment `number` (0: of the witness). Returns HF_ECORRUPT. */
int hf__corrupt(struct hf__recovery *r, uint32_t number, uint64_t offset, const char *why);
/* A failed read is HF_EIO or HF_ENOMEM, never damage. */
int hf__failed_read(struct hf__recovery *r, const char *name, int os_errno);
int hf__recovery_no_memory(struct hf__recovery *r);

/* Lists the segments, reads their headers and the witness. */
int hf__recovery_collect(struct hf__recovery *r);
/* Frees what was listed: as before the listing. */
void hf__recovery_forget(struct hf__recovery *r);
/* Frees the bytes of segments, at the end of a recovery, however it went. */
void hf__recovery_free(struct hf__recovery *r);
/* Its parts. */
int hf__recovery_list(struct hf__recovery *r);
int hf__recovery_header(struct hf__recovery *r, struct hf__segment_file *f);
int hf__recovery_witness(struct hf__recovery *r);
/* Reads [0, len) of a segment into r->bytes; fewer when the file is shorter. len 0: all of it. */
int hf__recovery_read(struct hf__recovery *r, struct hf__segment_file *f, size_t len);
/* Scans a segment piece by piece through `window`, zeroed but for `keeps`, of which no more is
 * looked at than input->pinned_end if that is not 0. The window holds what it kept then, and is to
 * be deinitialized in every case. HF_OK with *verdict, what `each` returned, or, with
 * window->os_errno, why the segment could not be read. */
int hf__recovery_look(struct hf__recovery *r, struct hf__segment_file *f,
                      struct hf__scan_input *input, struct hf__scan_window *window,
                      hf__scan_entry_fn each, void *arg, struct hf__scan_verdict *verdict);
/* D2, D7: segments after number `after` whose groups prove that they were durable. `next` is the
 * LSN that would come next in the log. */
int hf__recovery_check_beyond(struct hf__recovery *r, uint32_t after, uint64_t next,
                              bool *all_zero);
/* D1, D1b, D2: may a log without any valid header be an empty one? */
int hf__recovery_check_empty(struct hf__recovery *r, bool *all_zero);
/* D2, D7 for one segment. */
int hf__recovery_proof(struct hf__recovery *r, struct hf__segment_file *f, uint64_t next,
                       bool *proof, bool *zero);
/* D8: marks the segments from H back to the first that is kept: before it the log may be missing
 * when the store may begin behind a snapshot (r->begins_behind; whether one is there is not asked
 * here). */
int hf__recovery_mark_chain(struct hf__recovery *r);
/* Does f say that the log before it stands in a snapshot alone? The step before it is not there. */
bool hf__recovery_may_begin(const struct hf__recovery *r, const struct hf__segment_file *f);
/* One step of it: has f its size, and is there what it follows? *previous: that segment, NULL
 * when f is the first or it is not there. */
int hf__recovery_step(struct hf__recovery *r, struct hf__segment_file *f,
                      struct hf__segment_file **previous);
/* The segment of the chain after f (NULL: the first), or NULL. */
struct hf__segment_file *hf__recovery_next(struct hf__recovery *r,
                                           const struct hf__segment_file *f);
/* Every header of the chain is durable now (R7, I-COMMIT-3): where a segment is longer than its
 * successor says, the first mutation cuts it. HF_OK or HF_ENOMEM. */
int hf__recovery_note_cuts(struct hf__recovery *r);

/* base.c. Loads the newest that is whole and of this log, if there is one; or, for a check that
 * replays as much as there is, the oldest. The chain is marked. HF_ECORRUPT (D8c): there is none,
 * and the log needs one. */
int hf__recovery_load_base(struct hf__recovery *r, bool oldest);
/* Its parts, for the newest base: an entry of it into the states (`arg` is the recovery); then what
 * follows from all of them. */
int hf__recovery_load_entry(void *arg, const struct hf__entry *entry);
void hf__recovery_loaded(struct hf__recovery *r);
/* What the log has behind it, and what it holds: compact/due.h. */
void hf__recovery_count(struct hf__recovery *r);
/* Does a group with the header's LSN and hash end in this log where the header says, or does the
 * log begin there? HF_OK with *is, or why the segment could not be read. */
int hf__recovery_stands(struct hf__recovery *r, const struct hf__snapshot_header *h, bool *is);
/* Is there a snapshot of this store, by its header alone, that covers what was before r->first?
 * For those that read what is there and need no state. HF_OK with *is, or HF_EIO. */
int hf__recovery_covered(struct hf__recovery *r, bool *is);
/* *lsn: what the newest such snapshot covers if nothing of the log was before it, as after an
 * import; else 0. HF_OK, or HF_EIO. */
int hf__recovery_imported(struct hf__recovery *r, uint64_t *lsn);

/* recover.c. D1 to D9: what the log is, and the state that it makes. The facts are collected.
 * Changes no file. r->verdict and r->window are of H afterwards; r->head NULL: the log is empty.
 * *all_zero: so are the segments behind it. */
int hf__recovery_load(struct hf__recovery *r, bool *all_zero);
/* D10: H, which was loaded, is all of the log, and it was closed there. */
bool hf__recovery_stopped_clean(const struct hf__recovery *r);
/* R4 and R9 between neighbours: does f go on where the log has got to (r->next_lsn,
 * r->previous_hash)? */
bool hf__recovery_follows(const struct hf__recovery *r, const struct hf__segment_file *f);
/* What the scan of f has to know. `next` is the segment behind it or NULL. Its bytes are r->bytes,
 * where hf__recovery_read() put them. */
struct hf__scan_input hf__recovery_input(const struct hf__recovery *r,
                                         const struct hf__segment_file *f,
                                         const struct hf__segment_file *next);
/* Reads and scans a segment of the chain: r->verdict, r->next_lsn, r->previous_hash. D9. */
int hf__recovery_scan(struct hf__recovery *r, struct hf__segment_file *f,
                      const struct hf__segment_file *next, hf__scan_entry_fn each, void *arg);
/* apply.c. Puts an entry into the states; `arg` is the recovery. HF_ECANCELED: r->bound is
 * reached. */
int hf__recovery_apply(void *arg, const struct hf__entry *entry);
/* What hf__domain_by_id() says, without a call: replay asks twice for each entry. */
static inline const struct hf__domain *hf__row_of(const struct hf_store *s, uint8_t id,
                                                  unsigned *index)
{
	const unsigned row = s->row_of[id];
	if (row == 0)
		return NULL;
	*index = row - 1;
	return s->domains->rows[row - 1];
}
/* This entry seems to come soon: struct hf__domain, expect. And the domains that want to know, as
 * bits. */
void hf__recovery_expect(void *arg, const struct hf__entry *entry);
uint32_t hf__recovery_expected(const struct hf__recovery *r);
/* The end of what hf__index_late_begin() began, rc being how loading went: HF_OK, or why not. */
int hf__recovery_in_order(struct hf__recovery *r, int rc);

/* log_read.c. Identity, empty states and witness of a store that is only looked at
 * (hf__store_new); and its end, in every case. */
int hf__open_to_look(struct hf_store *s, struct hf_error *error);
void hf__close_look(struct hf_store *s);

#endif
