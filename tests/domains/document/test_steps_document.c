/* tier: medium, long */
/* Index steps among many documents, a tenth of which have expired without that being
 * logged: see lib/scene.h. */
#include "lib/scene.h"
#include "lib/test.h"

#define ORDERS \
	(HF_DOCUMENT_CREATED | HF_DOCUMENT_UPDATED | HF_DOCUMENT_GROUP_CREATED | \
	 HF_DOCUMENT_GROUP_UPDATED | HF_DOCUMENT_ID | HF_DOCUMENT_GROUP_ID)

/* How many have expired: so many that a walk over them is found out. */
static unsigned expired(const struct scene *scene)
{
	return scene->count / 10;
}

static struct hf_document_key document_key(unsigned i, char id[NAME])
{
	return (struct hf_document_key){hf_str("docs"), numbered(id, "d", i)};
}

/* Every hundredth is of group g1, the others of g0. */
static int put_one(struct scene *scene, hf_txn *txn, unsigned i, hf_time created_at, int64_t ttl)
{
	char id[NAME];
	const struct hf_document_put_args args = {.write = write_os,
	                                          .key = document_key(i, id),
	                                          .payload = hf_str("p"),
	                                          .group = hf_str(i % 100 ? "g0" : "g1"),
	                                          .created_at = created_at,
	                                          .ttl_us = ttl,
	                                          .orders = ORDERS};
	return hf_document_put(scene->store, txn, &args, NULL, NULL);
}

static void put_many(struct scene *scene, unsigned from, unsigned to, hf_time created_at,
                     int64_t ttl)
{
	for (unsigned i = from; i < to;) {
		hf_txn *txn = NULL;
		assert_int_equal(hf_txn_begin(scene->store, &txn, NULL), HF_OK);
		for (unsigned n = 0; n < BATCH && i < to; n++, i++)
			assert_int_equal(put_one(scene, txn, i,
			                         created_at + (hf_time)(i * UINT64_C(7919) % SCENE_LARGE), ttl),
			                 HF_OK);
		assert_int_equal(hf_txn_commit(txn, HF_OS, NULL), HF_OK);
	}
}

/* What has expired lies at both ends and in the middle of every list: a walk would meet all
 * of it. A collection of its own has nothing else. */
static void fill_documents(struct scene *scene)
{
	put_many(scene, 0, scene->count, SCENE_NOW, 0);
	put_many(scene, SCENE_LARGE, SCENE_LARGE + expired(scene) / 2, SCENE_NOW - SCENE_LARGE, SECOND);
	put_many(scene, SCENE_LARGE + expired(scene) / 2, SCENE_LARGE + expired(scene),
	         SCENE_NOW + SCENE_LARGE, SECOND);
	const struct hf_document_put_args other = {
	    .write = write_os, .key = {hf_str("another"), hf_str("x")}, .ttl_us = SECOND};
	assert_int_equal(hf_document_put(scene->store, NULL, &other, NULL, NULL), HF_OK);
	sim_advance(scene->sim, 2 * SECOND);
}

static void document_put_new(struct scene *scene)
{
	assert_int_equal(put_one(scene, NULL, 3 * SCENE_LARGE, SCENE_NOW + 500, 0), HF_OK);
}

static void document_put_there(struct scene *scene)
{
	assert_int_equal(put_one(scene, NULL, scene->count / 2, 0, 3600 * SECOND), HF_OK);
}

static void document_put_where_one_expired(struct scene *scene)
{
	assert_int_equal(put_one(scene, NULL, SCENE_LARGE + 1, 0, 0), HF_OK);
}

static void expect_count(struct scene *scene, const char *group, uint64_t expected)
{
	struct hf_document_counts counted = {0};
	const struct hf_document_count_args args = {.collection = hf_str("docs"),
	                                            .group = hf_str(group)};
	assert_int_equal(hf_document_count(scene->store, &args, HF_READ_UNDURABLE, &counted, NULL),
	                 HF_OK);
	assert_true(counted.documents == expected);
}

static void count_all(struct scene *scene)
{
	expect_count(scene, NULL, scene->count + 1);
}

static void count_group(struct scene *scene)
{
	expect_count(scene, "g1", scene->count / 100 + 2);
}

static void expect_page(struct scene *scene, const char *group, enum hf_document_by by,
                        bool descending)
{
	struct hf_document_page page = {0};
	struct hf_document_list_args args = {.collection = hf_str("docs"),
	                                     .group = hf_str(group),
	                                     .by = by,
	                                     .descending = descending,
	                                     .limit = PAGE,
	                                     .without_payload = true};
	struct hf_memory *first = NULL;
	for (unsigned i = 0; i < 2; i++) { /* the second page starts in the middle */
		assert_int_equal(hf_document_list(scene->store, &args, HF_READ_UNDURABLE, &page, NULL),
		                 HF_OK);
		assert_true(page.count == PAGE || (group && i > 0 && page.count > 0));
		if (i > 0)
			hf_release(first);
		first = page.memory;
		if (!page.next)
			break;
		args.page = page.next;
	}
	hf_release(first);
}

static void document_list_created(struct scene *scene)
{
	expect_page(scene, NULL, HF_DOCUMENT_BY_CREATED, false);
}

static void document_list_created_back(struct scene *scene)
{
	expect_page(scene, NULL, HF_DOCUMENT_BY_CREATED, true);
}

static void document_list_updated(struct scene *scene)
{
	expect_page(scene, NULL, HF_DOCUMENT_BY_UPDATED, false);
}

static void document_list_updated_back(struct scene *scene)
{
	expect_page(scene, NULL, HF_DOCUMENT_BY_UPDATED, true);
}

static void document_list_group(struct scene *scene)
{
	expect_page(scene, "g1", HF_DOCUMENT_BY_CREATED, false);
}

static void document_list_group_back(struct scene *scene)
{
	expect_page(scene, "g1", HF_DOCUMENT_BY_CREATED, true);
}

static void document_list_group_updated(struct scene *scene)
{
	expect_page(scene, "g1", HF_DOCUMENT_BY_UPDATED, false);
}

static void document_list_group_updated_back(struct scene *scene)
{
	expect_page(scene, "g1", HF_DOCUMENT_BY_UPDATED, true);
}

#define BEHIND "undurable hf_document_list collection=docs without_payload=1 limit=10 "

/* The counts come after the puts and the removal: one more, one anew, one less. */
static const struct work document_works[] = {
    WORK("document put, new", 0, document_put_new),
    WORK("document put, in place of one", 0, document_put_there),
    WORK("document put, where one expired", 0, document_put_where_one_expired),
    {.name = "document put, refused",
     .steps = "hf_document_put key.collection=docs key.id=d5 orders=created",
     .code = HF_ECONFLICT},
    STEPS("document regroup", 0, "hf_document_regroup key.collection=docs key.id=$d.2.1 group=g1"),
    STEPS("document remove", 0, "hf_document_remove key.collection=docs key.id=$d.2.2"),
    STEPS("document get", 0, "undurable hf_document_get collection=docs id=$d.2.3"),
    STEPS("document has, of what expired", 0,
          "undurable hf_document_has collection=docs id=d1000007 -> value=0"),
    WORK("document count", 0, count_all),
    WORK("document count, group", 0, count_group),
    WORK("document list", 2 * PAGE, document_list_created),
    WORK("document list, descending", 2 * PAGE, document_list_created_back),
    WORK("document list, updated", 2 * PAGE, document_list_updated),
    {.name = "document list, updated, descending",
     .objects = 2 * PAGE,
     .run = document_list_updated_back},
    WORK("document list, group", 2 * PAGE, document_list_group),
    {.name = "document list, group, descending",
     .objects = 2 * PAGE,
     .run = document_list_group_back},
    {.name = "document list, group, updated",
     .objects = 2 * PAGE,
     .run = document_list_group_updated},
    {.name = "document list, group, updated, desc.",
     .objects = 2 * PAGE,
     .run = document_list_group_updated_back},
    STEPS("document list, behind a position", PAGE,
          BEHIND "after.at=now+500000 after.id=x -> count=10 next"),
    STEPS("document list, desc., behind one", PAGE,
          BEHIND "descending=1 after.at=now+500000 after.id=x -> count=10 next"),
    STEPS("document list, updated, behind one", PAGE,
          BEHIND "by=updated after.at=now+100 -> count=10 next"),
    STEPS("document list, group, behind one", PAGE,
          BEHIND "group=g1 after.at=now+200000 after.id=x -> count"),
    STEPS("document list, by id", PAGE, BEHIND "by=id -> count=10 next"),
    STEPS("document list, by id, prefix", PAGE, BEHIND "by=id id_prefix=d11 -> count=10"),
    STEPS("document list, prefix, behind one", PAGE,
          BEHIND "by=id descending=1 id_prefix=d11 after.id=d115 -> count"),
    STEPS("document list, group, by id, prefix", PAGE,
          BEHIND "by=id group=g0 id_prefix=d11 -> count=10"),
    STEPS("document list, by id, no such prefix", PAGE, BEHIND "by=id id_prefix=e -> count=0"),
    STEPS("document list, by time, prefix", 4096, BEHIND "id_prefix=e -> count=0"),
    STEPS("document collections, behind one", PAGE,
          "undurable hf_document_names limit=10 after=b -> count=1"),
    /* all of the other has expired */
    STEPS("document collections", PAGE, "undurable hf_document_names limit=10 -> count=1"),
};

static void many_documents_cost_what_a_thousand_do(void **state)
{
	(void)state;
	compare_steps(fill_documents, document_works, sizeof document_works / sizeof document_works[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_documents_cost_what_a_thousand_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
