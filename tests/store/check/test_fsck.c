/* tier: fast */
/* fsck on damage to the log: it must name the right file, offset, LSN range and objects, and change
 * nothing. */
#include "base/hash.h"
#include "fsck_case.h"
#include "lib/crash/damage.h"
#include "lib/log_build.h"
#include "log/identity.h"

static void expect_object(const struct said *said, size_t at, enum hf_fsck_how how, hf_lsn lsn,
                          const char *words)
{
	for (size_t i = 0; i < said->object_counts[at]; i++) {
		const struct said_object *object = &said->objects[at][i];
		if (object->how == how && object->lsn == lsn && strstr(object->text, words))
			return;
	}
	show(said);
	fail_msg("finding %zu names no object %d of LSN %llu with %s", at, (int)how,
	         (unsigned long long)lsn, words);
}

/* Of the domains that are not named the fixture writes none. */
static uint64_t objects_written(const char *domain)
{
	if (strcmp(domain, "outbox") == 0)
		return ITEMS - 2;
	if (strcmp(domain, "cursor") == 0)
		return 1;
	return strcmp(domain, "inbox") == 0 ? ITEMS / 7 + 1 : 0;
}

static void a_whole_store_is_clean_and_counted(void **state)
{
	struct fixture *f = *state;
	const struct said *said = check(f->sim);
	show(said);
	expect_verdict(said, HF_OK, 0);
	assert_true(said->summary.state_checked && said->summary.last_stop == HF_FSCK_STOP_CLEAN);
	assert_true(said->summary.entries == f->count && said->summary.groups == f->count);
	assert_true(said->summary.last_lsn == f->places[f->count - 1].lsn &&
	            said->summary.first_lsn == 1);
	assert_int_equal(said->summary.domain_count, hf__all_domains()->count);
	for (size_t i = 0; i < said->summary.domain_count; i++)
		assert_true(said->summary.domains[i].objects ==
		            objects_written(said->summary.domains[i].name));
}

static void damaged_body_names_the_entry(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER + p->body_len - 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	assert_true(said->findings[0].length ==
	            GROUP_HEADER + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8);
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "j010");
	assert_false(said->summary.state_checked);
	assert_true(said->summary.entries == f->count - 1 &&
	            said->summary.entries_after_damage == f->count - p->lsn);
	assert_string_equal(said->error.file, file_of(p->segment));
	assert_true(said->error.offset == p->offset - GROUP_HEADER && said->error.first_lsn == p->lsn &&
	            said->error.last_lsn == p->lsn);
	back(f);
}

static void damaged_entry_header_names_the_entry(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j010");
	flip(f, file_of(p->segment), p->offset + 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "j010");
	back(f);
}

static void damaged_group_header_names_the_whole_entries_behind_it(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j011");
	for (uint32_t byte = 0; byte < GROUP_HEADER; byte += 11) {
		flip(f, file_of(p->segment), p->offset - GROUP_HEADER + byte);
		const struct said *said = check(f->sim);
		expect_verdict(said, HF_ECORRUPT, 1);
		expect(said, 0,
		       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER,
		                         p->lsn, p->lsn});
		expect_object(said, 0, HF_FSCK_CUT_OFF, p->lsn, "j011");
		back(f);
	}
}

static void later_entries_tell_what_is_missing(void **state)
{
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j003"), *claim = place_of(f, "claim", "j003"),
	                   *done = place_of(f, "complete", "j003");
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER + 4);
	flip(f, file_of(p->segment), p->offset + 9);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_PRESUPPOSED, claim->lsn, "j003");
	expect_object(said, 0, HF_FSCK_PRESUPPOSED, done->lsn, "j003");
	back(f);
}

static void lost_sectors_give_the_range_of_all_that_is_gone(void **state)
{
	static const uint8_t zeros[2 * HF__SECTOR];
	struct fixture *f = *state;
	const struct place *p = place_of(f, "enqueue", "j012");
	const uint32_t at = p->offset / HF__SECTOR * HF__SECTOR;
	const struct place *first = NULL, *last = NULL;
	for (size_t i = 0; i < f->count; i++) {
		const struct place *q = &f->places[i];
		const uint32_t end = q->offset + ENTRY_HEADER + q->body_len;
		if (q->segment != p->segment || end <= at || q->offset - GROUP_HEADER >= at + sizeof zeros)
			continue;
		first = first ? first : q;
		last = q;
	}
	assert_non_null(first);
	assert_non_null(last);
	if (!first || !last)
		return;
	assert_true(first->lsn < last->lsn);
	sim_write_file(f->sim, file_of(p->segment), at, zeros, sizeof zeros);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), first->offset - GROUP_HEADER,
	                         first->lsn, last->lsn});
	assert_true(said->summary.entries == f->count - (last->lsn - first->lsn + 1));
	back(f);
}

static void each_damage_of_several_is_a_finding(void **state)
{
	struct fixture *f = *state;
	const struct place *a = place_of(f, "enqueue", "j004"), *b = place_of(f, "enqueue", "j009"),
	                   *c = place_of(f, "enqueue", "j040");
	assert_true(a->segment == b->segment && c->segment != a->segment);
	flip(f, file_of(a->segment), a->offset + 200);
	flip(f, file_of(b->segment), b->offset + 200);
	flip(f, file_of(c->segment), c->offset + 200);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 3);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(a->segment), a->offset - GROUP_HEADER, a->lsn,
	                         a->lsn});
	expect(said, 1,
	       (struct expected){HF_FSCK_DAMAGE, file_of(b->segment), b->offset - GROUP_HEADER, b->lsn,
	                         b->lsn});
	expect(said, 2,
	       (struct expected){HF_FSCK_DAMAGE, file_of(c->segment), c->offset - GROUP_HEADER, c->lsn,
	                         c->lsn});
	expect_object(said, 2, HF_FSCK_UNREADABLE, c->lsn, "j040");
	back(f);
}

static void damage_at_the_very_end_is_told_by_the_witness(void **state)
{
	struct fixture *f = *state;
	const struct place *p = &f->places[f->count - 1];
	flip(f, file_of(p->segment), p->offset + ENTRY_HEADER);
	const struct said *said = check(f->sim);
	expect_verdict(said, HF_ECORRUPT, 1);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset - GROUP_HEADER, p->lsn,
	                         p->lsn});
	expect_object(said, 0, HF_FSCK_UNREADABLE, p->lsn, "cursor");
	back(f);
}

/* A body changed and sealed again: only the state shows that it cannot be. */
static void an_entry_that_cannot_follow_is_damage(void **state)
{
	struct fixture *f = *state;
	/* The last claim: the complete behind it is the end of what the log says about this item. */
	const struct place *p = place_of(f, "complete", "j030");
	uint8_t group[GROUP_HEADER + ENTRY_HEADER + 200];
	const uint32_t len = GROUP_HEADER + ENTRY_HEADER + (p->body_len + 7u) / 8 * 8;
	assert_true(len <= sizeof group);
	assert_true(sim_read_file(f->sim, file_of(p->segment), p->offset - GROUP_HEADER, group, len));
	uint8_t *id = memmem(group, len, "j030", 4);
	assert_non_null(id);
	id[3] = '9'; /* j039 is queued: nobody can complete it */
	struct hf__identity identity;
	uint8_t sector[HF__IDENTITY_SIZE];
	assert_true(sim_read_file(f->sim, HF__NAME_IDENTITY, 0, sector, sizeof sector));
	assert_int_equal(hf__identity_decode(sector, sizeof sector, &identity), HF_OK);
	struct hf__log_id name = {.epoch = identity.epoch,
	                          .seed = hf__seed_base(identity.uuid, identity.epoch)};
	memcpy(name.uuid, identity.uuid, sizeof name.uuid);
	hf__store_u64(group + GROUP_HEADER + ENTRY_BODY_SUM,
	              hf__checksum(group + GROUP_HEADER + ENTRY_HEADER, p->body_len,
	                           hf__seed_at(name.seed, p->lsn)));
	log_build_reseal_entry(&name, p->lsn, group + GROUP_HEADER);
	log_build_reseal_group(&name, group);
	sim_write_file(f->sim, file_of(p->segment), p->offset - GROUP_HEADER, group, len);
	const struct said *said = check(f->sim);
	/* The group behind it names the hash of the one that was there. */
	expect_verdict(said, HF_ECORRUPT, 2);
	expect(said, 0,
	       (struct expected){HF_FSCK_DAMAGE, file_of(p->segment), p->offset, p->lsn, p->lsn});
	expect_object(said, 0, HF_FSCK_CUT_OFF, p->lsn, "j039");
	back(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_whole_store_is_clean_and_counted, begin),
	    cmocka_unit_test_setup(damaged_body_names_the_entry, begin),
	    cmocka_unit_test_setup(damaged_entry_header_names_the_entry, begin),
	    cmocka_unit_test_setup(damaged_group_header_names_the_whole_entries_behind_it, begin),
	    cmocka_unit_test_setup(later_entries_tell_what_is_missing, begin),
	    cmocka_unit_test_setup(lost_sectors_give_the_range_of_all_that_is_gone, begin),
	    cmocka_unit_test_setup(each_damage_of_several_is_a_finding, begin),
	    cmocka_unit_test_setup(damage_at_the_very_end_is_told_by_the_witness, begin),
	    cmocka_unit_test_setup(an_entry_that_cannot_follow_is_damage, begin),
	};
	return cmocka_run_group_tests_name("fsck", tests, set_up, tear_down);
}
