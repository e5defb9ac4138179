/* tier: fast */
/* The header of a snapshot alone: which file counts as the store's own, and what is said of one
 * that cannot be read. */
#include <errno.h>

#include "lib/patient.h"
#include "lib/test.h"
#include "store/check/readonly.h"
#include "store/internal.h"

enum { PUTS = 5 };

struct snapshot_case {
	struct patient *p;
	uint64_t lsn, size;
	char name[HF__NAME_MAX];
	struct hf__snapshot_header header;
};

static struct snapshot_case with_snapshot(void)
{
	struct snapshot_case c = {.p = patient_new(sim_profile_strict(), 0)};
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	patient_puts(c.p, PUTS);
	assert_int_equal(hf_snapshot(c.p->store, NULL), HF_OK);
	c.lsn = c.p->lsn[PUTS - 1];
	hf__snapshot_name(c.lsn, c.name);
	assert_true(sim_file_size(c.p->sim, c.name, &c.size));
	assert_true(sim_read_file(c.p->sim, c.name, 0, sector, sizeof sector));
	assert_int_equal(hf__snapshot_header_decode(sector, sizeof sector, &c.header), HF_OK);
	return c;
}

static void put_header(struct snapshot_case *c, uint64_t lsn)
{
	uint8_t sector[HF__SNAPSHOT_HEADER_SIZE];
	char name[HF__NAME_MAX];
	hf__snapshot_name(lsn, name);
	hf__snapshot_header_encode(&c->header, sector);
	sim_write_file(c->p->sim, name, 0, sector, sizeof sector);
}

static int header_of(struct snapshot_case *c, uint64_t lsn, int *os_errno)
{
	struct hf__snapshot_header header;
	uint64_t size = 0;
	const int rc = hf__base_header(c->p->store->os, &c->p->id, lsn, &header, &size, os_errno);
	if (rc == HF_OK) {
		assert_int_equal(header.lsn, lsn);
		assert_int_equal(size, c->size);
	}
	return rc;
}

static void expect(struct snapshot_case *c, uint64_t lsn, int code)
{
	int os_errno = 0;
	assert_int_equal(header_of(c, lsn, &os_errno), code);
}

static void a_snapshot_of_the_store_is_its_own(void **state)
{
	(void)state;
	struct snapshot_case c = with_snapshot();
	expect(&c, c.lsn, HF_OK);
	expect(&c, c.lsn + 1, HF_ENOTFOUND); /* there is none */
	patient_free(c.p);
}

static void an_export_is_not(void **state)
{
	(void)state;
	struct snapshot_case c = with_snapshot();
	c.header = (struct hf__snapshot_header){.format_major = c.header.format_major,
	                                        .epoch = c.header.epoch,
	                                        .lsn = c.header.lsn,
	                                        .exported = true};
	memcpy(c.header.uuid, c.p->id.uuid, sizeof c.header.uuid);
	put_header(&c, c.lsn);
	expect(&c, c.lsn, HF_ENOTFOUND);
	patient_free(c.p);
}

static void one_of_another_name_store_or_epoch_is_not(void **state)
{
	(void)state;
	struct snapshot_case c = with_snapshot();
	put_header(&c, c.lsn - 1);
	expect(&c, c.lsn - 1, HF_ENOTFOUND);
	c.header.epoch++;
	put_header(&c, c.lsn);
	expect(&c, c.lsn, HF_ENOTFOUND);
	c.header.epoch--;
	c.header.uuid[3] ^= 1;
	put_header(&c, c.lsn);
	expect(&c, c.lsn, HF_ENOTFOUND);
	patient_free(c.p);
}

static void a_damaged_or_short_one_is_not(void **state)
{
	(void)state;
	struct snapshot_case c = with_snapshot();
	sim_checkpoint(c.p->sim);
	assert_true(sim_flip_bit(c.p->sim, c.name, 700));
	expect(&c, c.lsn, HF_ENOTFOUND);
	assert_true(sim_flip_bit(c.p->sim, c.name, 700));
	expect(&c, c.lsn, HF_OK);
	assert_true(sim_truncate_file(c.p->sim, c.name, HF__SNAPSHOT_HEADER_SIZE - 1));
	expect(&c, c.lsn, HF_ENOTFOUND);
	patient_free(c.p);
}

/* R9. Closing what was only read is another matter: nothing that was read depends on it. */
static void one_that_cannot_be_read_is_not_known(void **state)
{
	(void)state;
	static const struct {
		enum sim_call call;
		int code;
	} ways[] = {{SIM_OPEN, HF_EIO}, {SIM_READ, HF_EIO}, {SIM_SIZE, HF_EIO}, {SIM_CLOSE, HF_OK}};
	struct snapshot_case c = with_snapshot();
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		int os_errno = 0;
		sim_add_fault(c.p->sim,
		              (struct sim_fault){.kinds = ways[i].call, .name = c.name, .error = EMFILE});
		assert_int_equal(header_of(&c, c.lsn, &os_errno), ways[i].code);
		assert_int_equal(os_errno, ways[i].code == HF_OK ? 0 : EMFILE);
		assert_int_equal(sim_fault_hits(c.p->sim), 1);
		sim_clear_faults(c.p->sim);
	}
	patient_free(c.p);
}

static bool count(void *ctx, const struct hf_log_entry *entry)
{
	(void)entry;
	++*(unsigned *)ctx;
	return true;
}

/* Where the log begins behind a snapshot that cannot be read, nothing is missing yet. */
static void reading_the_log_takes_a_failed_read_for_no_damage(void **state)
{
	(void)state;
	struct snapshot_case c = with_snapshot();
	struct hf_error error = {0};
	unsigned entries = 0;
	patient_rotate(c.p);
	assert_int_equal(hf_compact(c.p->store, NULL), HF_OK);
	patient_puts(c.p, 2);
	patient_close(c.p);
	const struct hf__os *os = sim_os(c.p->sim);
	assert_int_equal(hf__log_each(os, hf__all_domains(), 0, 0, count, &entries, NULL), HF_OK);
	assert_true(entries < c.p->puts); /* the log begins behind the snapshot */
	sim_add_fault(c.p->sim,
	              (struct sim_fault){
	                  .kinds = SIM_READ, .name = "snapshot-", .error = EIO, .persistent = true});
	assert_int_equal(hf__log_each(os, hf__all_domains(), 0, 0, count, &entries, &error), HF_EIO);
	assert_int_equal(error.os_errno, EIO);
	assert_true(strncmp(error.file, "snapshot-", 9) == 0);
	patient_free(c.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_snapshot_of_the_store_is_its_own),
	    cmocka_unit_test(an_export_is_not),
	    cmocka_unit_test(one_of_another_name_store_or_epoch_is_not),
	    cmocka_unit_test(a_damaged_or_short_one_is_not),
	    cmocka_unit_test(one_that_cannot_be_read_is_not_known),
	    cmocka_unit_test(reading_the_log_takes_a_failed_read_for_no_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
