/* tier: fast */
/* What was put first is listed first: z, y, x of one transaction, whose times the store fills in,
 * are listed as z, y, x by every list that goes by time or by enqueueing, and the other way round
 * as x, y, z; live, reopened, loaded from a snapshot, and fed to a follower; while the clock
 * stands; and on each side of a set-back, across which the versions say it. (An inbox goes by the
 * times that its poller gives, cursors, locks and keys by name.) */
#include "lib/domains/listing.h"
#include "lib/test.h"

#define DOC(id) "hf_document_put key.collection=c orders=63 group=g key.id=" id
#define EVENT(id) "hf_timeline_append key.timeline=t type=k subject=s key.id=" id
#define ITEM(id) "hf_outbox_enqueue queue=q group=g id=" id
#define RECORD(id) "hf_migration_record name=" id
#define DONE(id) "hf_outbox_put_completed queue=q until=now+90000s id=done" id
#define THREE(step, a, b, c) step(a) " ; " step(b) " ; " step(c)

/* Each is one transaction. */
#define PUT(a, b, c) \
	{ \
		THREE(DOC, a, b, c), THREE(EVENT, a, b, c), THREE(ITEM, a, b, c), THREE(RECORD, a, b, c), \
		    THREE(DONE, a, b, c) \
	}
enum { KINDS = 5 };
static const char *const zyx[KINDS] = PUT("z", "y", "x");
static const char *const cba[KINDS] = PUT("c", "b", "a");

static const struct {
	struct listing listing;
	bool down; /* the newest first */
	/* Behind a set-back what is put is listed by its time, which begins anew; false: by its LSN */
	bool by_time;
} lists[] = {
    {{"hf_document_list collection=c", NULL, NULL}, false, true},
    {{"hf_document_list collection=c descending=1", NULL, NULL}, true, true},
    {{"hf_document_list collection=c by=updated", NULL, NULL}, false, true},
    {{"hf_document_list collection=c by=updated descending=1", NULL, NULL}, true, true},
    {{"hf_document_list collection=c group=g", NULL, NULL}, false, true},
    {{"hf_document_list collection=c group=g descending=1", NULL, NULL}, true, true},
    {{"hf_document_list collection=c group=g by=updated", NULL, NULL}, false, true},
    {{"hf_document_list collection=c group=g by=updated descending=1", NULL, NULL}, true, true},
    {{"hf_timeline_query filter.timeline=t ascending=1", NULL, NULL}, false, true},
    {{"hf_timeline_query filter.timeline=t", NULL, NULL}, true, true},
    {{"hf_timeline_query filter.timeline=t filter.subject=s ascending=1", NULL, NULL}, false, true},
    {{"hf_timeline_query filter.timeline=t filter.type=k", NULL, NULL}, true, true},
    {{"hf_timeline_query filter.timeline=t filter.subject=s filter.type=k", NULL, NULL},
     true,
     true},
    {{"hf_outbox_list queue=q", NULL, NULL}, false, false},
    {{"hf_outbox_list queue=q status=queued", NULL, NULL}, false, false},
    {{"hf_outbox_list_completed queue=q", NULL, NULL}, false, false},
    {{"hf_migration_list", NULL, NULL}, false, false},
};
enum { LISTS = sizeof lists / sizeof *lists };

static void put(struct op_scene *scene, const char *const steps[KINDS])
{
	for (size_t i = 0; i < KINDS; i++)
		if (op_scene_do(scene, steps[i]) != HF_OK)
			fail_msg("%s", steps[i]);
}

/* The letters of the ids. */
static const char *order_of(struct op_scene *scene, size_t list)
{
	static struct listed_page page;
	static char letters[LISTED_MAX + 1];
	assert_int_equal(listing_read(scene, &lists[list].listing, (struct listed_from){0}, 0, &page),
	                 HF_OK);
	for (size_t i = 0; i < page.count; i++) {
		const char *name = page.items[i].name;
		const size_t at = strcspn(name, "zyxcba");
		letters[i] = '?';
		/* the only word of one letter that is none of the containers, or behind "done" */
		for (const char *c = name + at; *c; c++)
			if (strchr("zyxcba", *c) && (c == name || c[-1] == ' ' || c[-1] == 'e') &&
			    (!c[1] || c[1] == ' ') && !(c == name && *c == 'c' && c[1] == ' '))
				letters[i] = *c;
	}
	letters[page.count] = '\0';
	return letters;
}

static const char *reversed(const char *text)
{
	static char out[LISTED_MAX + 1];
	const size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		out[i] = text[len - 1 - i];
	out[len] = '\0';
	return out;
}

static void expect(struct op_scene *scene, const char *by_time, const char *by_lsn)
{
	for (size_t i = 0; i < LISTS; i++) {
		const char *wanted = lists[i].by_time ? by_time : by_lsn, *found = order_of(scene, i);
		if (strcmp(found, lists[i].down ? reversed(wanted) : wanted) != 0)
			fail_msg("%s: %s", lists[i].listing.list, found);
	}
}

static void switch_to(struct op_scene *scene, enum setting setting)
{
	stage_switch_to(scene->stage, setting);
	scene->store = scene->stage->store;
}

static void what_was_put_first_is_listed_first(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct op_scene scene;
		op_scene_open(&scene, "time 0"); /* where the clock stands */
		put(&scene, zyx);
		expect(&scene, "zyx", "zyx");
		switch_to(&scene, setting);
		expect(&scene, "zyx", "zyx");
		put(&scene, cba); /* stamps go on, though the clock has not moved */
		expect(&scene, "zyxcba", "zyxcba");
		switch_to(&scene, setting);
		expect(&scene, "zyxcba", "zyxcba");
		stage_close(scene.stage);
	}
}

static hf_lsn version_of(hf_store *store, const char *id)
{
	struct hf_document_got got = {0};
	const struct hf_document_key key = {hf_str("c"), hf_str(id)};
	assert_int_equal(hf_document_get(store, &key, 0, &got, NULL), HF_OK);
	const hf_lsn version = got.document.version;
	hf_release(got.memory);
	return version;
}

/* The clock ran ahead of the wall by an hour, and is set back. */
static void across_a_set_back_versions_say_it(void **state)
{
	(void)state;
	for (enum setting setting = 0; setting < SETTINGS; setting++) {
		struct op_scene scene;
		op_scene_open(&scene, "time 3600");
		put(&scene, zyx);
		stage_at(scene.stage, STAGE_NOW);
		const struct hf_clock_set_back_args args = {.reason = hf_str("the wall was wrong")};
		assert_int_equal(hf_clock_set_back(scene.store, NULL, &args, NULL, NULL), HF_OK);
		put(&scene, cba);
		expect(&scene, "cbazyx", "zyxcba");
		switch_to(&scene, setting);
		expect(&scene, "cbazyx", "zyxcba");
		static const char *const in_order[] = {"z", "y", "x", "c", "b", "a"};
		for (size_t i = 1; i < 6; i++)
			assert_true(version_of(scene.store, in_order[i - 1]) <
			            version_of(scene.store, in_order[i]));
		stage_close(scene.stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_put_first_is_listed_first),
	    cmocka_unit_test(across_a_set_back_versions_say_it),
	};
	return cmocka_run_group_tests_name("order of insertion", tests, NULL, NULL);
}
