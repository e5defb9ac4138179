/* Constants of the bytes on disk, shared by writer and reader. Specified in FORMAT.md; change both or neither. */
#ifndef HF_LOG_FORMAT_H
#define HF_LOG_FORMAT_H

#include "holdfast/types.h"

#define HF__FORMAT_MAJOR 1u
#define HF__FORMAT_MINOR 0u
/* Feature masks. compat: may be ignored; ro_compat: may be read, not written; incompat: must be understood. */
#define HF__FEATURE_COMPAT_KNOWN 0u
#define HF__FEATURE_RO_COMPAT_KNOWN 0u
#define HF__FEATURE_INCOMPAT_KNOWN 1u
#define HF__FEATURE_INCOMPAT_PAD_SECTOR 1u /* groups end on sector boundaries */

#define HF__SECTOR 512u
#define HF__BLOCK 4096u
#define HF__ALIGN 8u
#define HF__SEGMENT_HEADER_SIZE 512u /* one sector; the first group follows at once */
#define HF__GROUP_HEADER_SIZE 88u
#define HF__ENTRY_HEADER_SIZE 32u
#define HF__GROUP_BODY_MAX (HF_TRANSACTION_MAX + (2u << 20))
#define HF__SEGMENT_SIZE_MIN (16u << 10)
#define HF__SEGMENT_SIZE_MAX (1u << 30)
#define HF__IDENTITY_SIZE 512u
#define HF__WITNESS_SLOT_SIZE 512u
#define HF__WITNESS_SIZE 1024u

/* After an unclean stop numbering jumps this far; sequencing never lets more be undurable. */
#define HF__LSN_JUMP (UINT64_C(1) << 20)
#define HF__LSN_MAX ((UINT64_C(1) << 48) - 1)

#define HF__NAME_LOCK "LOCK"
#define HF__NAME_IDENTITY "IDENTITY"
#define HF__NAME_WITNESS "WITNESS"
/* Segments are named "segment-" and eight hexadecimal digits, lower case; what is being made has ".tmp" after its name. */
#define HF__NAME_MAX 32u

/* Who wrote it: what every header and checksum of one store has in common. */
struct hf__log_id {
	uint8_t uuid[16];
	uint16_t epoch;
	uint64_t seed; /* hf__seed_base(uuid, epoch) */
};

/* A place in the log. Segment 0 does not exist. */
struct hf__position {
	uint32_t segment;
	uint32_t offset;
};

/* Each decoder returns HF_OK, HF_ECORRUPT (not valid: magic, checksum or fields), or HF_EVERSION (valid, but of a newer format). */

#endif
