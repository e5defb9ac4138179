/* tier: fast */
/* The hook for change where an opening loads: what is added is not taken back, so it has no record,
 * and its containers are noted at once. And where none loads: all is taken back. */
#include "object/change.h"
#include "object/index.h"
#include "object/removed.h"

#include "lib/test.h"

struct shelf {
	struct hf__container head;
	unsigned books;
};

static struct world {
	struct hf__removed removed;
	struct shelf shelf;
	struct hf__change change;
} world;

static void book_enlist(struct hf__object *book)
{
	((struct shelf *)(void *)book->container)->books++;
}

static void book_delist(struct hf__object *book)
{
	((struct shelf *)(void *)book->container)->books--;
}

static bool shelf_idle(const struct hf__object *shelf)
{
	return ((const struct shelf *)(const void *)shelf)->books == 0;
}

static const struct hf__type shelf_type = {
    .name = "shelf", .value_offset = sizeof(struct shelf), .idle = shelf_idle};
static const struct hf__type book_type = {.name = "book",
                                          .value_offset = sizeof(struct hf__object),
                                          .enlist = book_enlist,
                                          .delist = book_delist};

static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof world);
	hf__removed_init(&world.removed);
	hf__object_is(&world.shelf.head.object, &shelf_type);
	hf__object_seal(&world.shelf.head.object);
	world.shelf.head.home = &world.removed;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hf__change_deinit(&world.change);
	return 0;
}

static struct hf__object *add(void)
{
	struct hf__object *book = hf__small_alloc(sizeof *book);
	assert_non_null(book);
	hf__object_is(book, &book_type);
	book->container = &world.shelf.head.object;
	assert_int_equal(hf__change_add(&world.change, book), HF_OK);
	return book;
}

static void begin(uint64_t lsn)
{
	hf__change_begin(&world.change, lsn, true);
}

static void remove_book(struct hf__object *book)
{
	assert_int_equal(hf__change_remove(&world.change, book), HF_OK);
}

/* The shelf waits to go iff it is empty, and knows its newest change. */
static void assert_noted(uint64_t lsn, bool waits)
{
	assert_true(hf__removed_right(&world.shelf.head.object));
	assert_int_equal(world.shelf.head.in, waits);
	assert_true(world.shelf.head.object.changed == lsn && world.removed.final == lsn);
	assert_true(hf__removed_sane(&world.removed));
}

static void what_an_opening_adds_has_no_record(void **state)
{
	(void)state;
	hf__index_late_begin(&world.change.nodes);
	begin(7);
	struct hf__object *book = add();
	assert_int_equal(world.change.count, 0);
	assert_true(book->changed == 7 && hf__object_due(book) == 7);
	hf__change_keep(&world.change);
	assert_noted(7, false);
	begin(8);
	remove_book(book);
	hf__change_keep(&world.change);
	assert_noted(8, true);
	begin(9);
	book = add();
	hf__change_keep(&world.change);
	assert_noted(9, false);
	assert_int_equal(hf__index_late_end(&world.change.nodes), HF_OK);
	hf__object_free(book);
}

/* By steps of one entry: the last of them decides. */
static void a_container_that_an_entry_fills_and_empties_waits_to_go(void **state)
{
	(void)state;
	hf__index_late_begin(&world.change.nodes);
	begin(7);
	remove_book(add());
	hf__change_keep(&world.change);
	assert_noted(7, true);
	begin(8);
	struct hf__object *first = add();
	hf__change_keep(&world.change);
	begin(9);
	struct hf__object *second = add();
	remove_book(first);
	remove_book(second);
	hf__change_keep(&world.change);
	assert_noted(9, true);
	assert_int_equal(hf__index_late_end(&world.change.nodes), HF_OK);
}

/* Its states are given up then: everything in them is owned once, and freed with them. */
static void an_entry_that_fails_in_an_opening_is_not_taken_back(void **state)
{
	(void)state;
	hf__index_late_begin(&world.change.nodes);
	begin(7);
	struct hf__object *first = add();
	hf__change_keep(&world.change);
	begin(8);
	struct hf__object *second = add();
	remove_book(first);
	hf__change_undo(&world.change);
	assert_int_equal(world.shelf.books, 1);
	assert_int_equal(world.change.count, 0);
	assert_noted(8, false);
	assert_int_equal(hf__index_late_end(&world.change.nodes), HF_OK);
	hf__object_free(second);
}

static void without_an_opening_all_is_taken_back(void **state)
{
	(void)state;
	begin(7);
	struct hf__object *book = add();
	hf__change_keep(&world.change);
	begin(8);
	(void)add();
	remove_book(book);
	(void)add();
	assert_int_equal(world.shelf.books, 2);
	hf__change_undo(&world.change);
	assert_int_equal(world.shelf.books, 1);
	assert_noted(7, false);
	assert_true(book->changed == 7);
	hf__object_free(book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_an_opening_adds_has_no_record, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_container_that_an_entry_fills_and_empties_waits_to_go,
	                                    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_entry_that_fails_in_an_opening_is_not_taken_back, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(without_an_opening_all_is_taken_back, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
