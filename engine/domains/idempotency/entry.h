/* What the idempotency domain writes into the log: see idempotency/entry.c for the bytes. */
#ifndef HF_DOMAINS_IDEMPOTENCY_ENTRY_H
#define HF_DOMAINS_IDEMPOTENCY_ENTRY_H

#include "holdfast/idempotency.h"
#include "store/domain.h"

/* On disk: never renumber. */
enum hf__idem_kind {
	HF__IDEM_OWNED = 1, /* a caller owns the key: the whole entry */
	HF__IDEM_DONE = 2, /* it is done: the whole entry */
	HF__IDEM_GONE = 3, /* it is no more */
	HF__IDEM_ENDED = 4, /* it had ended; now it is no more in memory either */
	HF__IDEM_CLEARED = 5, /* all entries of a scope are no more */
};

/* Why. On disk: never renumber. */
enum hf__idem_cause {
	HF__IDEM_STATE = 0, /* from a snapshot */
	HF__IDEM_BEGIN = 1,
	HF__IDEM_COMPLETE = 2,
	HF__IDEM_PUT = 3,
	HF__IDEM_ABANDON = 4,
	HF__IDEM_REMOVE = 5,
	HF__IDEM_CAUSES = 6,
};

/* An entry's meaning; borrowed bytes. Members that a kind does not carry are zero, lease_until
 * HF_UNSET. */
struct hf__idem_image {
	enum hf__idem_cause cause; /* OWNED, DONE, GONE */
	struct hf_bytes scope, key;
	/* OWNED, DONE */
	struct hf_bytes fingerprint;
	int64_t created_at;
	int64_t expires_at;
	/* OWNED */
	uint64_t token;
	int64_t lease_until;
	/* DONE */
	int32_t status;
	struct hf_bytes response;
	/* ENDED: of the entry that ended */
	uint64_t version;
	/* OWNED, DONE: the store computed expires_at, from a ttl */
	bool computed;
	/* OWNED; reserved: 0, the incarnation */
	uint64_t session;
};

/* The rules for names. */
bool hf__idem_scope_ok(struct hf_bytes scope);
bool hf__idem_key_ok(struct hf_bytes key);

/* `without_response` leaves the response, which comes last, to the caller. */
void hf__idem_encode(struct hf__writer *w, enum hf__idem_kind kind,
                     const struct hf__idem_image *image, bool without_response);
/* false: no mutation writes such a body. `lsn` is the entry's. */
bool hf__idem_decode(uint8_t kind, uint64_t lsn, struct hf_bytes body, struct hf__idem_image *out);

/* "scope":"key", in quotes. */
void hf__idem_add_name(struct hf__text *text, struct hf_bytes scope, struct hf_bytes key);
/* The row's describe() and about(). */
void hf__idem_describe(const struct hf__entry *entry, struct hf__text *out);
bool hf__idem_about(const struct hf__entry *entry, struct hf__about *out);

#endif
