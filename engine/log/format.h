/* Constants of the bytes on disk, shared by writer and reader. Specified in FORMAT.md; change
 * both or neither. */
#ifndef HF_LOG_FORMAT_H
#define HF_LOG_FORMAT_H

#include "holdfast/types.h"

#define HF__FORMAT_MAJOR 2u
#define HF__FORMAT_MINOR 0u
/* Feature masks. compat: may be ignored; ro_compat: may be read, not written; incompat: must be
 * understood. */
#define HF__FEATURE_COMPAT_KNOWN 0u
#define HF__FEATURE_RO_COMPAT_KNOWN 0u
#define HF__FEATURE_BEHIND_SNAPSHOT (1u << 0) /* incompat: the log may begin behind a snapshot */
#define HF__FEATURE_BACKUP (1u << 1) /* incompat: a backup, readable and not to be written */
#define HF__FEATURE_INCOMPAT_KNOWN (HF__FEATURE_BEHIND_SNAPSHOT | HF__FEATURE_BACKUP)

#define HF__SECTOR 512u
#define HF__BLOCK 4096u
#define HF__ALIGN 8u
#define HF__SEGMENT_HEADER_SIZE 512u /* one sector; the first group follows at once */
/* local: where it stands on this disk, how far the log was durable here */
#define HF__GROUP_FRAME_SIZE 32u
#define HF__GROUP_PORTABLE_SIZE 80u /* the same on every disk */
#define HF__GROUP_HEADER_SIZE (HF__GROUP_FRAME_SIZE + HF__GROUP_PORTABLE_SIZE)
#define HF__ENTRY_HEADER_SIZE 32u
#define HF__GROUP_BODY_MAX (HF_TRANSACTION_MAX + (2u << 20))
#define HF__SEGMENT_SIZE_MIN (16u << 10)
#define HF__SEGMENT_SIZE_MAX (1u << 30)
#define HF__IDENTITY_SIZE 512u
#define HF__CONTENT_KEY_SIZE 16u
#define HF__WITNESS_SLOT_SIZE 512u
/* From one slot to the other: a page that is lost as a whole takes one of them. */
#define HF__WITNESS_SLOT_STEP HF__BLOCK
#define HF__WITNESS_SIZE 8192u /* two slots, each in a block of its own */

/* After an unclean stop numbering jumps at least this far; sequencing never lets more be
 * undurable. */
#define HF__LSN_JUMP (UINT64_C(1) << 20)
#define HF__LSN_MAX ((UINT64_C(1) << 48) - 1)

#define HF__NAME_LOCK "LOCK"
#define HF__NAME_IDENTITY "IDENTITY"
#define HF__NAME_WITNESS "WITNESS"
/* Segments are named "segment-" and eight hexadecimal digits, lower case, snapshots "snapshot-" and
 * twelve; what is being made has ".tmp" after its name. */
#define HF__NAME_MAX 32u

/* Who wrote it: what every header and checksum of one store has in common. */
struct hf__log_id {
	uint8_t uuid[16];
	uint16_t epoch;
	uint64_t seed; /* hf__seed_base(uuid, epoch) */
	/* A compat or ro_compat feature that this version does not know is in force for the store.
	 * Then reserved bytes and flags may mean something: they are not looked at. Otherwise they
	 * are zero in everything that is valid. */
	bool features_unknown;
};

/* A place in the log. Segment 0 does not exist. */
struct hf__position {
	uint32_t segment;
	uint32_t offset;
};

/* Do these masks hold a feature that may be ignored, or that forbids no more than writing, and
 * that this version does not know? */
static inline bool hf__features_unknown(uint32_t compat, uint32_t ro_compat)
{
	return (compat & ~HF__FEATURE_COMPAT_KNOWN) != 0 ||
	       (ro_compat & ~HF__FEATURE_RO_COMPAT_KNOWN) != 0;
}

/* Each decoder returns HF_OK, HF_ECORRUPT (not valid: magic, checksum or fields), or HF_EVERSION
 * (valid, but of a newer format). */

#endif
