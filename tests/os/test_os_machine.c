/* tier: fast */
/* What the real disk asks the machine: clocks, numbers, which file system it is on and whether its
 * syncs are to be trusted. */
#include "os/check.h"
#include "posix_place.h"

static void the_machine_answers(void **state)
{
	struct place *place = *state;
	struct hf__os *os = &place->os;
	uint8_t a[16], b[16];
	char name[40] = "";
	assert_int_equal(os->boot_id(os->ctx, a), 0);
	assert_int_equal(os->boot_id(os->ctx, b), 0);
	assert_memory_equal(a, b, 16);
	assert_int_equal(os->random(os->ctx, a, 16), 0);
	assert_int_equal(os->random(os->ctx, b, 16), 0);
	assert_memory_not_equal(a, b, 16);
	int64_t ticks = os->ticks(os->ctx);
	assert_true(os->ticks(os->ctx) >= ticks);
	assert_true(os->now(os->ctx) > INT64_C(1700000000000000));
	bool is_volatile = true;
	assert_int_equal(os->safe(os->ctx, name, sizeof(name), &is_volatile), 0);
	assert_true(strlen(name) > 0);
}

static void a_boot_id_is_sixteen_bytes_of_hexadecimal_and_nothing_else(void **state)
{
	(void)state;
	static const uint8_t expected[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	                                     0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
	uint8_t id[16];
	assert_true(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba9876543210\n", 37, id));
	assert_memory_equal(id, expected, 16);
	assert_false(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba987654321", 35, id));
	assert_false(hf__check_parse_boot_id("01234567-89ab-cdef-fedc-ba987654321g", 36, id));
	assert_false(hf__check_parse_boot_id("01234567089ab-cdef-fedc-ba9876543210", 36, id));
}

static void an_overlay_that_ignores_syncs_is_told_by_its_mount_options(void **state)
{
	(void)state;
	static const char text[] =
	    "21 1 0:5 / /proc rw,volatile - proc proc rw\n"
	    "121 1 0:6 / /a rw shared:1 master:2 - overlay overlay rw,lowerdir=/volatile,upperdir=/u\n"
	    "22 1 0:7 / /b rw - overlay overlay rw,upperdir=/u,volatile\n"
	    "24 1 0:9 / /d rw - overlay overlay rw,fsync=volatile,upperdir=/u\n"
	    "25 1 0:9 / /e rw - overlay overlay rw,fsync=strict,upperdir=/fsync=volatile/u\n"
	    "23 1 0:8 / /c rw - overlay overlay volatile";
	static const struct {
		uint64_t mount;
		bool is_volatile, found;
	} cells[] = {{21, false, true}, {121, false, true}, {22, true, true}, {24, true, true},
	             {25, false, true}, {23, true, true},   {2, false, false}};
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
		bool found = !cells[i].found;
		assert_int_equal(hf__check_mount_volatile(text, strlen(text), cells[i].mount, &found),
		                 cells[i].is_volatile);
		assert_int_equal(found, cells[i].found);
	}
}

static void file_systems_are_told_by_their_magic_numbers(void **state)
{
	(void)state;
	static const struct {
		uint32_t magic;
		const char *name;
		bool refused, is_volatile;
	} cells[] = {
	    {0x6969, "nfs", true, false},       {0xff534d42, "cifs", true, false},
	    {0x01021997, "9p", true, false},    {0x65735546, "fuse", true, false},
	    {0x00c36400, "ceph", true, false},  {0x0bd00bd0, "lustre", true, false},
	    {0x47504653, "gpfs", true, false},  {0x5346414f, "afs", true, false},
	    {0x6b414653, "afs", true, false},   {0x786f4256, "vboxsf", true, false},
	    {0xef53, "ext4", false, false},     {0x01021994, "tmpfs", false, true},
	    {0x858458f6, "ramfs", false, true}, {0x12345678, NULL, false, false},
	};
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
		bool refused = false, is_volatile = false;
		const char *name = hf__check_magic(cells[i].magic, &refused, &is_volatile);
		assert_int_equal(name == NULL, cells[i].name == NULL);
		if (name != NULL)
			assert_string_equal(name, cells[i].name);
		assert_int_equal(refused, cells[i].refused);
		assert_int_equal(is_volatile, cells[i].is_volatile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PLACE(the_machine_answers),
	    cmocka_unit_test(a_boot_id_is_sixteen_bytes_of_hexadecimal_and_nothing_else),
	    cmocka_unit_test(an_overlay_that_ignores_syncs_is_told_by_its_mount_options),
	    cmocka_unit_test(file_systems_are_told_by_their_magic_numbers),
	};
	return cmocka_run_group_tests_name("the machine", tests, NULL, NULL);
}
