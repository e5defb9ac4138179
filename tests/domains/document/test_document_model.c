/* tier: fast */
/* Random work on one collection, beside a model that is a plain array: after each operation its
 * answer, and every so often every list, count and document, must be what the model says. */
#include "lib/domains/document_ops.h"
#include "lib/rng.h"
#include "lib/settings.h"
#include "lib/test.h"

enum { IDS = 24, STEPS = 4000, BETWEEN_LOOKS = 40, GROUPS = 4 };

static const char *const groups[GROUPS] = {"", "a", "ab", "b"};

struct one {
	bool there;
	char id[8];
	unsigned group;
	hf_time created_at, updated_at, expires_at;
	uint32_t payload;
	hf_lsn version;
};

/* Times are given, and lie so far apart that a microsecond for each operation makes no
 * difference. */
#define MS INT64_C(1000)

struct model {
	struct stage *stage;
	struct hf_rng rng;
	hf_time now;
	unsigned orders; /* while any is there */
	struct one ones[IDS];
	unsigned conflicts, created, replaced, expired_then_put, redeclared;
};

static bool alive(const struct model *m, const struct one *one)
{
	return one->there && (one->expires_at == HF_UNSET || one->expires_at > m->now);
}

static unsigned alive_count(const struct model *m, int group)
{
	unsigned count = 0;
	for (unsigned i = 0; i < IDS; i++)
		count += alive(m, &m->ones[i]) && (group < 0 || m->ones[i].group == (unsigned)group);
	return count;
}

/* --- Lists ------------------------------------------------------------------------------------ */

static int compare_times(hf_time a, hf_time b)
{
	return (a > b) - (a < b);
}

static bool by_updated;

static int compare_ones(const void *a, const void *b)
{
	const struct one *left = *(const struct one *const *)a, *right = *(const struct one *const *)b;
	const int sign = by_updated ? compare_times(left->updated_at, right->updated_at)
	                            : compare_times(left->created_at, right->created_at);
	return sign ? sign : strcmp(left->id, right->id);
}

static void expected_list(const struct model *m, int group, bool reverse, char out[512])
{
	const struct one *sorted[IDS];
	size_t count = 0, len = 0;
	for (unsigned i = 0; i < IDS; i++)
		if (alive(m, &m->ones[i]) && (group < 0 || m->ones[i].group == (unsigned)group))
			sorted[count++] = &m->ones[i];
	qsort(sorted, count, sizeof *sorted, compare_ones);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, 512 - len, "%s%s", i ? " " : "",
		                        sorted[reverse ? count - 1 - i : i]->id);
}

static void look_at_lists(struct model *m, int group)
{
	for (unsigned i = 0; i < 4; i++) {
		char expected[512];
		by_updated = i & 1;
		const bool reverse = i & 2;
		const unsigned view = (group < 0 ? 0u : 2u) + by_updated;
		if (alive_count(m, -1) > 0 && !(m->orders & 1u << view))
			continue;
		expected_list(m, group, reverse, expected);
		const struct hf_document_list_args args = {.group = hf_str(group < 0 ? "" : groups[group]),
		                                           .by_group = group >= 0,
		                                           .by = by_updated ? HF_DOCUMENT_BY_UPDATED
		                                                            : HF_DOCUMENT_BY_CREATED,
		                                           .descending = reverse,
		                                           .limit = hf_rng_below(&m->rng, 6)};
		assert_string_equal(dc_list(m->stage->store, args), expected);
	}
	if (group < 0 || m->orders > 3 || alive_count(m, -1) == 0)
		assert_int_equal(dc_count(m->stage->store, group < 0 ? NULL : groups[group]),
		                 alive_count(m, group));
}

static void look_at_documents(struct model *m)
{
	for (unsigned i = 0; i < IDS; i++) {
		const struct one *one = &m->ones[i];
		const struct hf_document_key key = {hf_str(DC_COLLECTION), hf_str(one->id)};
		struct hf_document_got got = {0};
		const int rc = hf_document_get(m->stage->store, &key, 0, &got, NULL);
		assert_int_equal(rc, alive(m, one) ? HF_OK : HF_ENOTFOUND);
		if (rc != HF_OK)
			continue;
		assert_true(got.document.created_at == one->created_at &&
		            got.document.updated_at == one->updated_at &&
		            got.document.expires_at == one->expires_at &&
		            got.document.version == one->version);
		assert_int_equal(got.document.group.len, strlen(groups[one->group]));
		assert_memory_equal(got.document.group.data, groups[one->group], got.document.group.len);
		assert_int_equal(got.document.payload.len, sizeof one->payload);
		assert_memory_equal(got.document.payload.data, &one->payload, sizeof one->payload);
		hf_release(got.memory);
	}
}

static void look(struct model *m)
{
	stage_verify(m->stage);
	for (int group = -1; group < GROUPS; group++)
		look_at_lists(m, group);
	look_at_documents(m);
	assert_string_equal(dc_collections(m->stage->store, 0),
	                    alive_count(m, -1) ? DC_COLLECTION : "");
}

/* --- Operations ------------------------------------------------------------------------------- */

static hf_lsn some_version(struct model *m, const struct one *one)
{
	if (!hf_rng_chance(&m->rng, 1, 6))
		return 0;
	return hf_rng_chance(&m->rng, 1, 2) ? HF_ABSENT : one->version;
}

static bool conflicts(const struct model *m, const struct one *one, hf_lsn expect)
{
	if (expect == 0)
		return false;
	return expect == HF_ABSENT ? alive(m, one) : !alive(m, one) || one->version != expect;
}

static int put(struct model *m, struct one *one)
{
	const bool was = alive(m, one);
	const hf_time now =
	    m->now + (hf_rng_chance(&m->rng, 1, 3) ? hf_rng_range(&m->rng, -5, 5) * MS : 0);
	const uint32_t content = (uint32_t)hf_rng_below(&m->rng, 3);
	const unsigned group = (unsigned)hf_rng_below(&m->rng, GROUPS);
	struct one after = {.there = true,
	                    .group = group,
	                    .updated_at = now,
	                    .expires_at = HF_UNSET,
	                    .payload = content};
	struct hf_document_put_args args = {.write.expect = some_version(m, one),
	                                    .key = {hf_str(DC_COLLECTION), hf_str(one->id)},
	                                    .payload = hf_bytes_of(&content, sizeof content),
	                                    .group = hf_str(groups[group]),
	                                    .now = now};
	if (hf_rng_chance(&m->rng, 1, 4))
		args.created_at = m->now - (hf_time)hf_rng_below(&m->rng, 10) * MS;
	after.created_at = args.created_at ? args.created_at : was ? one->created_at : now;
	if (hf_rng_chance(&m->rng, 1, 2))
		after.expires_at = m->now + (args.ttl_us = ((int64_t)hf_rng_below(&m->rng, 100) + 1) * MS);
	else if (hf_rng_chance(&m->rng, 1, 8))
		after.expires_at = args.expires_at = m->now - (hf_time)hf_rng_below(&m->rng, 3) * MS;
	if (hf_rng_chance(&m->rng, 1, 6))
		args.orders = 1 + (unsigned)hf_rng_below(&m->rng, 15);
	const unsigned others = alive_count(m, -1);
	const bool refused = conflicts(m, one, args.write.expect) ||
	                     (others > 0 && args.orders && args.orders != m->orders);
	struct hf_result result = {0};
	const int rc = hf_document_put(m->stage->store, NULL, &args, &result, NULL);
	m->conflicts += refused;
	assert_int_equal(rc, refused ? HF_ECONFLICT : HF_OK);
	if (refused)
		return rc;
	const bool same = was && one->group == after.group && one->payload == after.payload &&
	                  one->created_at == after.created_at && one->updated_at == after.updated_at &&
	                  one->expires_at == after.expires_at;
	const bool over = !alive(m, &after);
	assert_true(result.changed == (was ? !same : !over));
	if (!result.changed)
		return rc;
	m->created += !was;
	m->replaced += was;
	m->expired_then_put += !was && one->there;
	if (others == 0) {
		m->redeclared +=
		    m->orders != (args.orders ? args.orders : (unsigned)HF_DOCUMENT_ORDERS_DEFAULT);
		m->orders = args.orders ? args.orders : (unsigned)HF_DOCUMENT_ORDERS_DEFAULT;
	}
	memcpy(after.id, one->id, sizeof after.id);
	after.version = result.version;
	*one = after;
	return rc;
}

static void regroup(struct model *m, struct one *one)
{
	const unsigned group = (unsigned)hf_rng_below(&m->rng, GROUPS);
	const struct hf_document_regroup_args args = {.write.expect = some_version(m, one),
	                                              .key = {hf_str(DC_COLLECTION), hf_str(one->id)},
	                                              .group = hf_str(groups[group]),
	                                              .now = m->now};
	struct hf_result result = {0};
	const int rc = hf_document_regroup(m->stage->store, NULL, &args, &result, NULL);
	const int expected = conflicts(m, one, args.write.expect) ? HF_ECONFLICT
	                     : alive(m, one)                      ? HF_OK
	                                                          : HF_ENOTFOUND;
	assert_int_equal(rc, expected);
	if (rc != HF_OK)
		return;
	assert_true(result.changed == (group != one->group));
	if (result.changed)
		one->updated_at = m->now;
	one->group = group;
	one->version = result.version;
}

static void take_away(struct model *m, struct one *one)
{
	const struct hf_document_remove_args args = {.key = {hf_str(DC_COLLECTION), hf_str(one->id)}};
	const struct hf_document_clear_args all = {.collection = hf_str(DC_COLLECTION)};
	struct hf_result result = {0};
	if (!hf_rng_chance(&m->rng, 1, 12)) {
		assert_int_equal(hf_document_remove(m->stage->store, NULL, &args, NULL, NULL),
		                 alive(m, one) ? HF_OK : HF_ENOTFOUND);
		one->there = false;
		return;
	}
	assert_int_equal(hf_document_clear(m->stage->store, NULL, &all, &result, NULL), HF_OK);
	assert_int_equal(result.count, alive_count(m, -1));
	for (unsigned i = 0; i < IDS; i++)
		m->ones[i].there = false;
}

static void step(struct model *m)
{
	struct one *one = &m->ones[hf_rng_below(&m->rng, IDS)];
	const uint64_t which = hf_rng_below(&m->rng, 20);
	if (which < 10) {
		(void)put(m, one);
	} else if (which < 14) {
		regroup(m, one);
	} else if (which < 17) {
		take_away(m, one);
	} else {
		/* Now and then so far that all of it is over. */
		m->now += (hf_time)hf_rng_below(&m->rng, hf_rng_chance(&m->rng, 1, 10) ? 200 : 8) * MS;
		stage_at(m->stage, m->now);
		if (hf_rng_chance(&m->rng, 1, 4))
			assert_int_equal(hf_maintain(m->stage->store, 0, NULL), HF_OK);
	}
}

static void documents_are_as_in_the_model(void **unused)
{
	(void)unused;
	struct model m = {
	    .stage = stage_open_with(SETTING_LIVE, &(struct hf_options){.segment_size = 1 << 20}),
	    .rng = hf_rng_for("documents"),
	    .now = STAGE_NOW,
	    .orders = HF_DOCUMENT_ORDERS_DEFAULT};
	for (unsigned i = 0; i < IDS; i++)
		(void)snprintf(m.ones[i].id, sizeof m.ones[i].id, "d%u", i);
	for (unsigned i = 0; i < STEPS; i++) {
		step(&m);
		if (i % BETWEEN_LOOKS != 0)
			continue;
		look(&m);
		stage_switch_to(m.stage, (enum setting)(i / BETWEEN_LOOKS % SETTINGS));
		m.now += MS; /* beyond what was written */
		stage_at(m.stage, m.now);
		look(&m);
	}
	/* Else something never happened, and nothing was shown of it. */
	assert_true(m.conflicts > 50 && m.created > 50 && m.replaced > 50 && m.expired_then_put > 20 &&
	            m.redeclared > 5);
	stage_close(m.stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(documents_are_as_in_the_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
