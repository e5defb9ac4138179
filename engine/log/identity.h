/* IDENTITY: which store this is. One sector, written once, published by rename: a store exists
 * if and only if it does. */
#ifndef HF_LOG_IDENTITY_H
#define HF_LOG_IDENTITY_H

#include "log/format.h"

struct hf__identity {
	uint32_t format_major, format_minor;
	uint32_t compat, ro_compat, incompat;
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t segment_size; /* of a full-grown segment, as asked at creation */
	uint32_t sync_method; /* 0 = fdatasync: what was probed and chosen at creation */
	uint32_t pad; /* 0, 512 or 4096: groups end at multiples of it */
	/* random, drawn at creation: see hf__content_hash. Never exported, never shown */
	uint8_t content_key[HF__CONTENT_KEY_SIZE];
};

void hf__identity_encode(const struct hf__identity *identity, uint8_t out[HF__IDENTITY_SIZE]);
HF_CHECKED int hf__identity_decode(const uint8_t *bytes, size_t len, struct hf__identity *out);

#endif
