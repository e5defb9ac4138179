/* What the tests of test_log_sector, test_log_sector_slots share. */
#ifndef TESTS_SECTOR_CASE_H
#define TESTS_SECTOR_CASE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "lib/log_build.h"
#include "lib/test.h"
#include "log/identity.h"
#include "log/segment.h"
#include "log/witness.h"

enum {
	SECTOR = 512,
	SUM = 504,
	STEP = 4096, /* from one slot of WITNESS to the other */
	/* Frozen: IDENTITY and segment header. */
	MAJOR = 8,
	MINOR = 12,
	COMPAT = 16,
	RO_COMPAT = 20,
	INCOMPAT = 24,
};

static inline struct hf__log_id the_id(void)
{
	return log_build_id(0x5A, 300);
}

static inline struct hf__witness a_witness(uint64_t generation)
{
	struct hf__witness witness = {.generation = generation,
	                              .end = {9, 5000},
	                              .lsn = 900 + generation,
	                              .chain = 77,
	                              .clean = true,
	                              .clock = 1795167000000000,
	                              .wall = -5,
	                              .boot_clock = 123456};
	memset(witness.boot_id, 0xB0, 16);
	return witness;
}

#endif
