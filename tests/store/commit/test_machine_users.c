/* tier: fast, threads */
/* Several users and one store: whose its files are, who may read them, and what is said to who
 * may not. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/real_store.h"
#include "lib/test.h"

enum { NOBODY = 65534, TEAM = 65533 };

/* Other users reach the store. */
static int setup(void **state)
{
	(void)real_setup(state);
	assert_int_equal(chmod(((struct real_store *)*state)->base, 0777), 0);
	return 0;
}

static bool not_root(void)
{
	if (geteuid() == 0)
		return false;
	printf("SKIP: this needs root: it plays several users\n");
	return true;
}

static unsigned owners; /* how often a file was given to its owner */
static bool owned_late; /* and one of them had something in it by then */

/* Stands before the C library's. */
int fchown(int fd, uid_t owner, gid_t group)
{
	struct stat st;
	owners++;
	owned_late = owned_late || fstat(fd, &st) != 0 || st.st_size > 0;
	return (int)syscall(SYS_fchown, fd, owner, group);
}

struct act {
	struct real_store *real;
	uid_t uid;
	gid_t gid;
	gid_t more; /* another group of the user's; 0: none */
	const char *id; /* item to enqueue; NULL: only open and close */
	unsigned items;
	bool die; /* without closing */
	bool gives; /* gives files to the owner of the directory, before a byte is written to them */
	mode_t mask;
	int code; /* that is expected of hf_open */
	const char *words;
};

static int act(void *arg)
{
	const struct act *a = arg;
	struct real_store *real = a->real;
	if (setgroups(a->more != 0, &a->more) != 0 || setresgid(a->gid, a->gid, a->gid) != 0 ||
	    setresuid(a->uid, a->uid, a->uid) != 0)
		return 100;
	(void)umask(a->mask);
	const int rc = real_open_at(
	    real, NULL,
	    (struct hf_options){.create = true, .no_background = true, .segment_size = 16384});
	if (rc != a->code || (a->words && !strstr(real->error.text, a->words))) {
		fprintf(stderr, "%d %s\n", rc, real->error.text);
		return 101;
	}
	if (rc != HF_OK)
		return 0;
	for (unsigned i = 0; i < a->items; i++) {
		char id[16];
		(void)snprintf(id, sizeof id, "%s%u", a->id, i);
		if (real_enqueue(real, id, 3000) != HF_OK) {
			fprintf(stderr, "%s\n", real->error.text);
			return 102;
		}
	}
	if (owned_late || (a->gives && owners == 0))
		return 104;
	if (a->die)
		_exit(0);
	return hf_close(real->store, NULL) == HF_OK ? 0 : 103;
}

/* All of `as` must hold of every file of the store. */
static void assert_files(const struct real_store *real, uid_t uid, gid_t gid, mode_t mode)
{
	unsigned count = 0;
	DIR *stream = opendir(real->path);
	assert_non_null(stream);
	for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		struct stat st;
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(stat(real_file(real, entry->d_name), &st), 0);
		if (st.st_uid != uid || st.st_gid != gid || (st.st_mode & 07777) != mode)
			fail_msg("%s: %u:%u %o", entry->d_name, st.st_uid, st.st_gid, st.st_mode & 07777);
		count++;
	}
	(void)closedir(stream);
	assert_true(count >= 4);
}

static void an_operators_command_as_root_does_not_lock_the_service_out(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	struct act service = {
	    .real = real, .uid = NOBODY, .gid = NOBODY, .id = "a", .items = 20, .die = true};
	struct act operator= {.real = real, .id = "b", .items = 20, .gives = true};
	assert_int_equal(real_in_child(act, &service), 0);
	assert_files(real, NOBODY, NOBODY, 0600);
	assert_int_equal(real_in_child(act, &operator), 0); /* after a crash: a new segment */
	assert_files(real, NOBODY, NOBODY, 0600);
	service.id = "c";
	assert_int_equal(real_in_child(act, &service), 0);
	/* A store that root makes in the service's directory is the service's, too. */
	assert_int_equal(system("true"), 0);
	for (unsigned i = 0; i < 2; i++) {
		char command[128];
		(void)snprintf(command, sizeof command, "rm -f '%s'/*", real->path);
		assert_int_equal(system(command), 0);
		operator.mask = i == 0 ? 0 : 0777;
		assert_int_equal(real_in_child(act, &operator), 0);
		assert_files(real, NOBODY, NOBODY, 0600);
		assert_int_equal(real_in_child(act, &service), 0);
	}
}

static void files_are_as_open_to_the_group_as_their_directory(void **state)
{
	static const mode_t modes[] = {0700, 0750, 0770, 0720, 0777, 0755, 02770, 02750};
	struct real_store *real = *state;
	if (not_root())
		skip();
	for (unsigned i = 0; i < 2 * sizeof modes / sizeof modes[0]; i++) {
		const mode_t mode = modes[i / 2];
		const struct act by_root = {.real = real, .id = "r", .items = 12, .mask = i % 2 ? 0 : 0777};
		const struct act by_owner = {.real = real,
		                             .uid = NOBODY,
		                             .gid = NOBODY,
		                             .more = TEAM,
		                             .id = "o",
		                             .items = 12,
		                             .mask = i % 2 ? 0 : 022};
		assert_int_equal(mkdir(real->path, 0700), 0);
		assert_int_equal(chown(real->path, NOBODY, TEAM), 0);
		assert_int_equal(chmod(real->path, mode), 0);
		assert_int_equal(real_in_child(act, (void *)(i % 2 ? &by_root : &by_owner)), 0);
		assert_files(real, NOBODY, TEAM, 0600 | (mode & 0060));
		assert_int_equal(real_in_child(act, (void *)(i % 2 ? &by_owner : &by_root)), 0);
		assert_files(real, NOBODY, TEAM, 0600 | (mode & 0060));
		char command[128];
		(void)snprintf(command, sizeof command, "rm -rf '%s'", real->path);
		assert_int_equal(system(command), 0);
	}
}

/* Who cannot give files to the directory's group must not open them to his own. */
static void who_cannot_change_groups_goes_on_and_opens_files_to_nobody(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	assert_int_equal(mkdir(real->path, 0700), 0);
	assert_int_equal(chown(real->path, NOBODY, TEAM), 0);
	assert_int_equal(chmod(real->path, 0770), 0);
	const struct act stranger = {
	    .real = real, .uid = NOBODY, .gid = NOBODY, .id = "s", .items = 12};
	assert_int_equal(real_in_child(act, (void *)&stranger), 0);
	assert_files(real, NOBODY, NOBODY, 0600);
}

static void two_users_of_a_group_take_turns(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	assert_int_equal(mkdir(real->path, 0700), 0);
	assert_int_equal(chown(real->path, NOBODY, TEAM), 0);
	assert_int_equal(chmod(real->path, 02770), 0);
	for (unsigned i = 0; i < 6; i++) {
		const struct act one = {.real = real,
		                        .uid = i % 2 ? NOBODY : NOBODY - 2,
		                        .gid = TEAM,
		                        .id = "x",
		                        .items = 15,
		                        .die = i % 3 == 0,
		                        .mask = 077};
		assert_int_equal(real_in_child(act, (void *)&one), 0);
	}
}

static void who_has_no_permission_hears_that_and_not_of_the_disk(void **state)
{
	static const char *const names[] = {"LOCK", "WITNESS", "IDENTITY", "segment-00000001"};
	struct real_store *real = *state;
	if (not_root())
		skip();
	struct act service = {.real = real, .uid = NOBODY, .gid = NOBODY, .id = "a", .items = 2};
	assert_int_equal(real_in_child(act, &service), 0);
	service.code = HF_EACCESS;
	service.words = "no permission";
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(chown(real_file(real, names[i]), 0, 0), 0);
		assert_int_equal(real_in_child(act, &service), 0);
		assert_int_equal(chown(real_file(real, names[i]), NOBODY, NOBODY), 0);
	}
	assert_int_equal(chown(real->path, 0, 0), 0);
	assert_int_equal(real_in_child(act, &service), 0);
	assert_int_equal(chown(real->path, NOBODY, NOBODY), 0);
	assert_int_equal(chmod(real->base, 0700), 0);
	assert_int_equal(real_in_child(act, &service), 0);
	service.code = HF_OK;
	service.words = NULL;
	assert_int_equal(chmod(real->base, 0777), 0);
	assert_int_equal(real_in_child(act, &service), 0);
}

static bool no_mounts(int rc)
{
	if (rc == 0)
		return false;
	printf("SKIP: this machine does not let a test mount\n");
	return true;
}

static int own_mounts(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0
	           ? mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)
	           : -1;
}

static void a_read_only_medium_is_told_as_such(void **state)
{
	struct real_store *real = *state;
	real_open(real);
	assert_int_equal(real_enqueue(real, "a", 10), HF_OK);
	real_close(real);
	if (no_mounts(own_mounts() == 0 ? mount(real->path, real->path, NULL, MS_BIND, NULL) : -1))
		skip();
	assert_int_equal(mount(NULL, real->path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(real_open_at(real, NULL, (struct hf_options){.create = i == 1}),
		                 HF_EACCESS);
		assert_non_null(strstr(real->error.text, "read-only"));
	}
	struct hf_fsck_summary summary = {0};
	assert_int_equal(hf_fsck(real->path, NULL, NULL, NULL, &summary, &real->error), HF_OK);
	assert_int_equal(umount(real->path), 0);
}

/* Two mounts of one directory are one store. */
static void a_bind_mount_is_the_same_store(void **state)
{
	struct real_store *real = *state, there = *real;
	real_open(real);
	(void)snprintf(there.path, sizeof there.path, "%s", real_beside(real, "m"));
	assert_int_equal(mkdir(there.path, 0700), 0);
	if (no_mounts(own_mounts() == 0 ? mount(real->path, there.path, NULL, MS_BIND, NULL) : -1))
		skip();
	struct act other = {.real = &there, .code = HF_ELOCKED};
	assert_int_equal(real_in_child(act, &other), 0);
	assert_int_equal(unlink(real_file(real, "LOCK")), 0);
	assert_int_equal(real_in_child(act, &other), 0);
	assert_int_equal(umount(there.path), 0);
}

/* In a root of its own without /proc. */
static int without_proc(void *arg)
{
	struct real_store *real = arg;
	struct hf_info info = {0};
	if (chroot(real->base) != 0 || chdir("/") != 0)
		return 100;
	(void)snprintf(real->path, sizeof real->path, "/store");
	const int rc = real_open_at(real, NULL, (struct hf_options){.create = true});
	if (rc != HF_OK) {
		fprintf(stderr, "%s\n", real->error.text);
		return 101;
	}
	if (real_enqueue(real, "a", 3000) != HF_OK || hf_get_info(real->store, &info, NULL) != HF_OK ||
	    hf_close(real->store, NULL) != HF_OK)
		return 102;
	return hf_fsck(real->path, NULL, NULL, NULL, NULL, &real->error) == HF_OK ? 0 : 103;
}

static void a_machine_without_proc_is_no_obstacle(void **state)
{
	struct real_store *real = *state;
	if (not_root())
		skip();
	assert_int_equal(real_in_child(without_proc, real), 0);
	assert_int_equal(real_in_child(without_proc, real), 0);
}

static void what_lives_in_memory_is_told(void **state)
{
	struct real_store *real = *state;
	struct hf_info info = {0};
	real_open(real);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	assert_false(info.volatile_fs);
	real_close(real);
	if (no_mounts(own_mounts() == 0 ? mount("none", real->path, "tmpfs", 0, "size=4m") : -1))
		skip();
	const struct hf_options options = {.create = true};
	assert_int_equal(hf_open(real->path, &options, &real->store, &real->error), HF_OK);
	assert_int_equal(hf_get_info(real->store, &info, NULL), HF_OK);
	assert_true(info.volatile_fs);
	real_close(real);
	assert_int_equal(umount(real->path), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, real_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(an_operators_command_as_root_does_not_lock_the_service_out),
	    WITH_STORE(files_are_as_open_to_the_group_as_their_directory),
	    WITH_STORE(who_cannot_change_groups_goes_on_and_opens_files_to_nobody),
	    WITH_STORE(two_users_of_a_group_take_turns),
	    WITH_STORE(who_has_no_permission_hears_that_and_not_of_the_disk),
	    WITH_STORE(a_read_only_medium_is_told_as_such),
	    WITH_STORE(a_bind_mount_is_the_same_store),
	    WITH_STORE(a_machine_without_proc_is_no_obstacle),
	    WITH_STORE(what_lives_in_memory_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
