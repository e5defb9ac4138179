/* tier: fast */
/* Every list begins behind a position as it goes on by a token (I-LIST-1, rule 16): in all orders
 * and both directions, whether or not what stood there is gone, across an opening; and refuses what
 * is no position of it. */
#include "lib/domains/listing.h"
#include "lib/test.h"

#define DOC "hf_document_put key.collection=c orders=63 "
#define EVENT " & hf_timeline_append key.timeline=t payload=p "
#define ITEM " & hf_outbox_enqueue queue=q payload=p id="
#define MIGRATION " & hf_migration_record name="
#define SAVE " & hf_inbox_save user=u records=1 "
#define CURSOR " & hf_cursor_advance key.consumer="
#define DONE(id) \
	ITEM #id " & hf_outbox_claim queue=q owner=o id=" #id " => " #id \
	         " & hf_outbox_complete queue=q id=" #id " token=$" #id
#define TOMB " & hf_inbox_put_tombstone dismissed=1 until=now+9000s key.user=u key.thread="

static const char *const filled[] = {
    DOC "key.id=c created_at=now+3 now=now+9 group=g & " DOC "key.id=b created_at=now+3 now=now+7"
        " & " DOC "key.id=a created_at=now+3 now=now+7 group=g & " DOC
        "key.id=e created_at=now+1 now=now+8 group=h & " DOC
        "key.id=d created_at=now+5 now=now+5 group=g & hf_document_put key.collection=b key.id=x"
        " & hf_document_put key.collection=d key.id=x",
    "hf_timeline_append key.timeline=s key.id=x type=t payload=p" EVENT
    "key.id=b type=x subject=s happened_at=now+2" EVENT
    "key.id=a type=x subject=s happened_at=now+2" EVENT
    "key.id=c type=x subject=s happened_at=now+2" EVENT "key.id=d type=x happened_at=now+1" EVENT
    "key.id=e type=y subject=s happened_at=now+3",
    "hf_outbox_configure queue=q dedup_window_us=9000s" DONE(k) DONE(j) DONE(l) ITEM
    "z & hf_outbox_mark_failed queue=q id=z reason=r" ITEM "y" ITEM "x" ITEM
    "w & hf_outbox_claim queue=q id=y owner=o lease_us=9000s" ITEM
    "v & hf_outbox_enqueue queue=p id=x payload=p & hf_outbox_enqueue queue=r id=x payload=p",
    "time 0" SAVE "generated_at=now : account=b thread=b score=3 payload=p unread=1" SAVE
    "generated_at=now : account=b thread=a score=3 payload=p" SAVE
    "generated_at=now : account=a thread=z score=3 payload=p dismissed=1" SAVE
    "generated_at=now : account=a thread=y score=9 payload=p unread=1 dismissed=1" SAVE
    "generated_at=now+1 : account=b thread=c score=-8 payload=p dismissed=1 unread=1" SAVE
    "generated_at=unset : account=b thread=d score=4 payload=p unread=1" TOMB "m" TOMB "k" TOMB
    "l & hf_inbox_save user=t records=0 generated_at=now & hf_inbox_save user=v records=0 "
    "generated_at=now",
    "time 0" CURSOR "b key.stream=s key.subject=u sequence=4" CURSOR
    "a key.stream=s key.subject=u sequence=4" CURSOR "c key.stream=s sequence=4" CURSOR
    "a key.stream=s sequence=2" CURSOR "a key.stream=r key.subject=u sequence=7" CURSOR
    "b key.stream=t sequence=1",
    "time 0 & hf_lock_acquire name=b owner=o lease_us=9000s & hf_lock_acquire name=a owner=o "
    "lease_us=9000s & "
    "hf_lock_acquire name=ab owner=o lease_us=9000s & hf_idempotency_put key.scope=s key.key=b & "
    "hf_idempotency_put key.scope=s key.key=c & hf_idempotency_put key.scope=s key.key=a & "
    "hf_idempotency_put key.scope=r key.key=a & hf_idempotency_put key.scope=t key.key=a" MIGRATION
    "m2" MIGRATION "m1" MIGRATION "m3",
};

#define GONE_DOC "hf_document_remove key.collection=$collection key.id=$id"
#define GONE_ITEM "hf_outbox_remove queue=$queue id=$id"
#define GONE_RECORD "hf_inbox_remove key.user=$user key.account=$account key.thread=$thread"
#define GONE_CURSOR \
	"hf_cursor_remove key.consumer=$consumer key.stream=$stream key.subject=$subject"
#define DOCS(words, at) \
	{ \
		"hf_document_list collection=c " words, at, GONE_DOC \
	}
#define EVENTS(words) \
	{ \
		"hf_timeline_query filter.timeline=t " words, NULL, NULL \
	}
#define ITEMS(words) \
	{ \
		"hf_outbox_list queue=q " words, NULL, GONE_ITEM \
	}
#define RECORDS(words) \
	{ \
		"hf_inbox_load user=u " words, NULL, GONE_RECORD \
	}
#define CURSORS(words) \
	{ \
		words, NULL, GONE_CURSOR \
	}

static const struct {
	struct listing listing;
	const char *all;
} lists[] = {
    {DOCS("", "created_at"), "c e h,c a g,c b ,c c g,c d g"},
    {DOCS("descending=1", "created_at"), "c d g,c c g,c b ,c a g,c e h"},
    {DOCS("by=updated", "updated_at"), "c d g,c a g,c b ,c e h,c c g"},
    {DOCS("by=updated descending=1", "updated_at"), "c c g,c e h,c b ,c a g,c d g"},
    {DOCS("group=g", "created_at"), "c a g,c c g,c d g"},
    {DOCS("group=g descending=1", "created_at"), "c d g,c c g,c a g"},
    {DOCS("group=g by=updated", "updated_at"), "c d g,c a g,c c g"},
    {DOCS("group=g by=updated descending=1", "updated_at"), "c c g,c a g,c d g"},
    {DOCS("by=id", "created_at"), "c a g,c b ,c c g,c d g,c e h"},
    {DOCS("by=id descending=1", "updated_at"), "c e h,c d g,c c g,c b ,c a g"},
    {DOCS("by=id group=g", "created_at"), "c a g,c c g,c d g"},
    {DOCS("by=id group=g descending=1", "created_at"), "c d g,c c g,c a g"},
    {DOCS("by=id id_prefix=c", "created_at"), "c c g"},
    {DOCS("id_prefix=c", "created_at"), "c c g"},
    {EVENTS(""), "t e y s,t c x s,t b x s,t a x s,t d x "},
    {EVENTS("ascending=1"), "t d x ,t a x s,t b x s,t c x s,t e y s"},
    {EVENTS("filter.subject=s"), "t e y s,t c x s,t b x s,t a x s"},
    {EVENTS("filter.type=x ascending=1"), "t d x ,t a x s,t b x s,t c x s"},
    {EVENTS("filter.type=x filter.subject=s"), "t c x s,t b x s,t a x s"},
    {EVENTS("filter.type=x filter.subject=s ascending=1"), "t a x s,t b x s,t c x s"},
    {ITEMS(""), "q z  ,q y  o,q x  ,q w  ,q v  "},
    {ITEMS("id_prefix=x"), "q x  "},
    {ITEMS("status=queued"), "q x  ,q w  ,q v  "},
    {{"hf_outbox_list_completed queue=q", NULL, NULL}, "k,j,l"},
    {RECORDS(""), "u b c,u a y,u a z,u b a,u b b,u b d"},
    {RECORDS("account=b"), "u b c,u b a,u b b,u b d"},
    {RECORDS("unread_only=1"), "u b c,u a y,u b b,u b d"},
    {RECORDS("without_dismissed=1"), "u b a,u b b,u b d"},
    {RECORDS("account=b without_dismissed=1 without_snoozed=1"), "u b a,u b b,u b d"},
    {{"hf_inbox_list_dismissed user=u", NULL, GONE_RECORD}, "u a y,u a z,u b c"},
    {{"hf_inbox_list_tombstones user=u", NULL,
      "hf_inbox_put_tombstone key.user=$user key.account=$account key.thread=$thread until=1 "
      "dismissed=1"},
     "u primary k,u primary l,u primary m"},
    {CURSORS("hf_cursor_list"), "a r u,a s ,c s ,a s u,b s u,b t "},
    {CURSORS("hf_cursor_list stream=s"), ""},
    {CURSORS("hf_cursor_list consumer=a"), ""},
    {CURSORS("hf_cursor_list subject=u"), ""},
    {CURSORS("hf_cursor_list consumer=a subject=u"), ""},
    {CURSORS("hf_cursor_list consumer=a stream=s"), ""},
    {CURSORS("hf_cursor_list by_subject=1"), ""},
    {CURSORS("hf_cursor_list_lag stream=s head=9"), "a s ,c s ,a s u,b s u"},
    {CURSORS("hf_cursor_list_lag stream=s subject=u head=9"), "a s u,b s u"},
    {{"hf_idempotency_list scope=s", NULL, "hf_idempotency_remove key.scope=$scope key.key=$key"},
     "s a,s b,s c"},
    {{"hf_idempotency_list over=all", NULL, "hf_idempotency_remove key.scope=$scope key.key=$key"},
     "r a,s a,s b,s c,t a"},
    {{"hf_idempotency_list scope=s over=prefix", NULL,
      "hf_idempotency_remove key.scope=$scope key.key=$key"},
     "s a,s b,s c"},
    {{"hf_lock_list", NULL, "hf_lock_force_release name=$name reason=r"}, "a o,ab o,b o"},
    {{"hf_migration_list", NULL, "hf_migration_forget name=$name"}, "m2,m1,m3"},
    {{"hf_document_names", NULL, "hf_document_clear collection=$name"}, "b,c,d"},
    {{"hf_timeline_names", NULL, "hf_timeline_clear timeline=$name"}, "s,t"},
    {{"hf_outbox_names", NULL, "hf_outbox_clear queue=$name"}, "p,q,r"},
    {{"hf_inbox_names", NULL, "hf_inbox_clear user=$name"}, "t,u,v"},
    {{"hf_idempotency_names", NULL, "hf_idempotency_clear scope=$name"}, "r,s,t"},
};
enum { LISTS = sizeof lists / sizeof lists[0] };

/* --- Walks ------------------------------------------------------------------------------------ */

static void open_filled(struct op_scene *scene)
{
	op_scene_open(scene, filled[0]);
	for (size_t i = 1; i < sizeof filled / sizeof *filled; i++) {
		scene->count = 0; /* of tokens */
		assert_int_equal(op_scene_do(scene, filled[i]), HF_OK);
	}
}

static void read_all(struct op_scene *scene, const struct listing *list, struct listed_page *out)
{
	if (listing_read(scene, list, (struct listed_from){0}, 0, out) != HF_OK || out->next[0])
		fail_msg("%s", list->list);
}

/* The items from `first` on, in pages of `limit` that begin behind `after`. */
static void expect_rest(struct op_scene *scene, const struct listing *list,
                        const struct listed *after, size_t limit, const struct listed_page *all,
                        size_t first)
{
	static struct listed_page page;
	char next[LISTED_TOKEN] = "";
	struct listed_from from = {.after = after};
	do {
		if (listing_read(scene, list, from, limit, &page) != HF_OK)
			fail_msg("%s: refused", list->list);
		for (size_t i = 0; i < page.count; i++, first++)
			if (first == all->count || strcmp(page.items[i].name, all->items[first].name) != 0)
				fail_msg("%s: %s behind %s", list->list, page.items[i].name, after->name);
		(void)snprintf(next, sizeof next, "%s", page.next);
		from = (struct listed_from){.page = next};
	} while (next[0]);
	if (first != all->count)
		fail_msg("%s: %s is missing behind %s", list->list, all->items[first].name, after->name);
}

static void a_page_behind_a_position_is_the_one_that_a_token_gives(void **state)
{
	static struct listed_page all;
	struct op_scene scene;
	(void)state;
	open_filled(&scene);
	for (unsigned reopened = 0; reopened < 2; reopened++) {
		for (size_t i = 0; i < LISTS; i++) {
			const struct listing *list = &lists[i].listing;
			read_all(&scene, list, &all);
			if (lists[i].all[0])
				assert_string_equal(listed_names(&all), lists[i].all);
			assert_true(all.count > 0);
			for (size_t at = 0; at < all.count; at++)
				for (size_t limit = 0; limit < 4; limit++)
					expect_rest(&scene, list, &all.items[at], limit, &all, at + 1);
		}
		stage_switch_to(scene.stage, SETTING_REOPENED);
		scene.store = scene.stage->store;
	}
	stage_close(scene.stage);
}

static void a_position_holds_when_what_stood_there_is_gone(void **state)
{
	static struct listed_page all;
	(void)state;
	for (size_t i = 0; i < LISTS; i++) {
		const struct listing *list = &lists[i].listing;
		struct op_scene scene;
		if (!list->gone)
			continue;
		open_filled(&scene);
		read_all(&scene, list, &all);
		for (size_t at = 0; at < all.count; at++) {
			listing_remove(&scene, list, &all.items[at]);
			for (size_t limit = 0; limit < 3; limit++)
				expect_rest(&scene, list, &all.items[at], limit, &all, at + 1);
		}
		stage_close(scene.stage);
	}
}

/* --- What is no position ---------------------------------------------------------------------- */

static void a_token_and_a_position_are_one_too_many(void **state)
{
	static struct listed_page all, page;
	struct op_scene scene;
	(void)state;
	open_filled(&scene);
	for (size_t i = 0; i < LISTS; i++) {
		const struct listing *list = &lists[i].listing;
		read_all(&scene, list, &all);
		struct listed_from both = {.after = &all.items[0]};
		assert_int_equal(listing_read(&scene, list, (struct listed_from){0}, 1, &page), HF_OK);
		if (!page.next[0])
			continue;
		static char token[LISTED_TOKEN];
		memcpy(token, page.next, sizeof token);
		both.page = token;
		if (listing_read(&scene, list, both, 1, &page) != HF_EINVAL)
			fail_msg("%s takes both", list->list);
		both.page = ""; /* no token */
		assert_int_equal(listing_read(&scene, list, both, 0, &page), HF_OK);
		assert_int_equal(page.count, all.count - 1);
	}
	stage_close(scene.stage);
}

static char longest[HF_KEY_MAX + 1];

static void refused(struct op_scene *scene, const char *list, const void *position)
{
	static struct listed_page page;
	const struct listing listing = {.list = list};
	if (listing_read(scene, &listing, (struct listed_from){.position = position}, 0, &page) !=
	    HF_EINVAL)
		fail_msg("%s takes what is no position of it", list);
}

static void what_can_be_no_position_is_refused(void **state)
{
	struct op_scene scene;
	(void)state;
	open_filled(&scene);
	memset(longest, 'x', sizeof longest);
	const struct hf_bytes bad[] = {
	    {longest, sizeof longest}, {"a\0b", 3}, {NULL, 4}, {longest, SIZE_MAX}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct hf_bytes b = bad[i];
		refused(&scene, "hf_document_list collection=c", &(struct hf_document_position){1, b});
		refused(&scene, "hf_timeline_query filter.timeline=t",
		        &(struct hf_timeline_position){1, b});
		refused(&scene, "hf_inbox_load user=u", &(struct hf_inbox_position){.account = b});
		refused(&scene, "hf_inbox_load user=u", &(struct hf_inbox_position){.thread = b});
		refused(&scene, "hf_inbox_load user=u account=a",
		        &(struct hf_inbox_position){.account = b});
		refused(&scene, "hf_inbox_list_dismissed user=u", &(struct hf_inbox_key){.user = b});
		refused(&scene, "hf_inbox_list_dismissed user=u", &(struct hf_inbox_key){.account = b});
		refused(&scene, "hf_inbox_list_tombstones user=u", &(struct hf_inbox_key){.thread = b});
		refused(&scene, "hf_cursor_list", &(struct hf_cursor_key){.consumer = b});
		refused(&scene, "hf_cursor_list stream=s", &(struct hf_cursor_key){.stream = b});
		refused(&scene, "hf_cursor_list_lag stream=s",
		        &(struct hf_cursor_lag_position){.subject = b});
		refused(&scene, "hf_idempotency_list scope=s", &(struct hf_idempotency_key){.key = b});
		refused(&scene, "hf_idempotency_list scope=s", &(struct hf_idempotency_key){.scope = b});
		refused(&scene, "hf_lock_list", &b);
		refused(&scene, "hf_outbox_names", &b);
	}
	refused(&scene, "hf_inbox_load user=u",
	        &(struct hf_inbox_position){.score = __builtin_nan("")});
	refused(&scene, "hf_document_list collection=c by=any",
	        &(struct hf_document_position){1, hf_str("a")});
	stage_close(scene.stage);
}

static void a_part_that_the_list_selects_by_is_the_lists_or_empty(void **state)
{
	static struct listed_page page;
	struct op_scene scene;
	const struct hf_bytes other = hf_str("other");
	(void)state;
	open_filled(&scene);
	refused(&scene, "hf_inbox_load user=u account=b",
	        &(struct hf_inbox_position){.account = other});
	refused(&scene, "hf_inbox_list_dismissed user=u", &(struct hf_inbox_key){.user = other});
	refused(&scene, "hf_inbox_list_tombstones user=u", &(struct hf_inbox_key){.user = other});
	refused(&scene, "hf_cursor_list consumer=a", &(struct hf_cursor_key){.consumer = other});
	refused(&scene, "hf_cursor_list stream=s", &(struct hf_cursor_key){.stream = other});
	refused(&scene, "hf_cursor_list subject=u", &(struct hf_cursor_key){.subject = other});
	refused(&scene, "hf_cursor_list by_subject=1", &(struct hf_cursor_key){.subject = other});
	refused(&scene, "hf_cursor_list_lag stream=s subject=u",
	        &(struct hf_cursor_lag_position){.subject = other});
	refused(&scene, "hf_idempotency_list scope=s", &(struct hf_idempotency_key){.scope = other});
	const struct listing of_a = {.list = "hf_cursor_list consumer=a"};
	const struct hf_cursor_key bare = {.stream = hf_str(" s\t"), .subject = hf_str("")};
	assert_int_equal(listing_read(&scene, &of_a, (struct listed_from){.position = &bare}, 0, &page),
	                 HF_OK);
	assert_string_equal(listed_names(&page), "a s u");
	const struct listing of_s = {.list = "hf_idempotency_list scope=s"};
	const struct hf_idempotency_key key = {.key = hf_str("a~")};
	assert_int_equal(listing_read(&scene, &of_s, (struct listed_from){.position = &key}, 0, &page),
	                 HF_OK);
	assert_string_equal(listed_names(&page), "s b,s c");
	stage_close(scene.stage);
}

/* A position between objects, before all and behind all of them, and without an id. */
static void a_position_need_not_be_an_objects(void **state)
{
	static struct listed_page page;
	static const struct {
		const char *words, *names;
		struct hf_document_position at;
	} cases[] = {
	    {"", "c a g,c b ,c c g,c d g", {STAGE_NOW + 2, {"q", 1}}},
	    {"", "c a g,c b ,c c g,c d g", {STAGE_NOW + 3, {NULL, 0}}},
	    {"", "c b ,c c g,c d g", {STAGE_NOW + 3, {"a\xff", 2}}},
	    {"", "", {INT64_MAX, {"z", 1}}},
	    {"", "c e h,c a g,c b ,c c g,c d g", {INT64_MIN, {NULL, 0}}},
	    {"descending=1", "c e h", {STAGE_NOW + 3, {NULL, 0}}},
	    {"descending=1", "c a g,c e h", {STAGE_NOW + 3, {"a\xff", 2}}},
	    {"descending=1", "c d g,c c g,c b ,c a g,c e h", {INT64_MAX, {"z", 1}}},
	    {"descending=1", "", {INT64_MIN, {NULL, 0}}},
	    {"group=g", "c c g,c d g", {STAGE_NOW + 3, {"b", 1}}},
	    {"by_group=1", "c b ", {STAGE_NOW + 3, {"a", 1}}},
	    {"group=none", "", {STAGE_NOW + 3, {"a", 1}}},
	};
	struct op_scene scene;
	(void)state;
	open_filled(&scene);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char list[96];
		(void)snprintf(list, sizeof list, "hf_document_list collection=c %s", cases[i].words);
		const struct listing listing = {.list = list};
		const struct listed_from from = {.position = &cases[i].at};
		assert_int_equal(listing_read(&scene, &listing, from, 0, &page), HF_OK);
		if (strcmp(listed_names(&page), cases[i].names) != 0)
			fail_msg("%s, case %zu: %s", list, i, listed_names(&page));
	}
	stage_close(scene.stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_behind_a_position_is_the_one_that_a_token_gives),
	    cmocka_unit_test(a_position_holds_when_what_stood_there_is_gone),
	    cmocka_unit_test(a_token_and_a_position_are_one_too_many),
	    cmocka_unit_test(what_can_be_no_position_is_refused),
	    cmocka_unit_test(a_part_that_the_list_selects_by_is_the_lists_or_empty),
	    cmocka_unit_test(a_position_need_not_be_an_objects),
	};
	return cmocka_run_group_tests_name("lists after a position", tests, NULL, NULL);
}
