/* What the one-sector structures have in common: magic first, checksum last and, in IDENTITY and
 * segment headers, the head between. The places of the head never move in any version, so that
 * every version can tell a newer format from damage. */
#ifndef HF_LOG_SECTOR_H
#define HF_LOG_SECTOR_H

#include "log/format.h"

#define HF__MAGIC_SIZE 8u
/* magic, versions, masks, uuid, epoch, number: what lies before here is frozen */
#define HF__HEAD_SIZE 56u

/* The frozen head. */
struct hf__head {
	uint32_t format_major, format_minor;
	uint32_t compat, ro_compat, incompat;
	uint8_t uuid[16];
	uint16_t epoch;
	uint32_t number; /* of a segment: it seeds the checksum; 0 in IDENTITY */
};

/* Zeroes the sector and puts the magic. */
void hf__sector_begin(uint8_t sector[HF__SECTOR], const char *magic);
/* Fills in the checksum of all bytes before it. */
void hf__sector_seal(uint8_t sector[HF__SECTOR], uint64_t seed);
/* Magic and checksum are right. */
bool hf__sector_valid(const uint8_t sector[HF__SECTOR], const char *magic, uint64_t seed);

void hf__head_put(uint8_t sector[HF__SECTOR], const struct hf__head *head);
/* Reads the head, whether or not the sector is valid. */
struct hf__head hf__head_get(const uint8_t sector[HF__SECTOR]);
/* Of the head of a valid sector: HF_OK, HF_EVERSION when it needs more than this version knows,
 * HF_ECORRUPT for a version that never was. */
HF_CHECKED int hf__head_check(const struct hf__head *head);

#endif
