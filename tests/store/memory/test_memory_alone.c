/* tier: fast, threads */
/* A store in memory touches nothing of the machine but memory, threads and clocks: it works where
 * every call that opens, makes, reads, writes, lists or removes a file or makes a descriptor
 * kills the process. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "holdfast/holdfast.h"
#include "lib/real_store.h"
#include "lib/test.h"

enum { ROUNDS = 3000, UNFIT = 77 };

/* What a store in a directory is made of, and all of its kin. */
static const int forbidden[] = {
    SYS_openat,       SYS_read,     SYS_write,    SYS_pread64,    SYS_pwrite64,  SYS_readv,
    SYS_writev,       SYS_preadv,   SYS_pwritev,  SYS_fsync,      SYS_fdatasync, SYS_ftruncate,
    SYS_fallocate,    SYS_renameat, SYS_unlinkat, SYS_mkdirat,    SYS_linkat,    SYS_symlinkat,
    SYS_getdents64,   SYS_fstatfs,  SYS_statfs,   SYS_flock,      SYS_fcntl,     SYS_dup,
    SYS_dup3,         SYS_close,    SYS_ioctl,    SYS_socket,     SYS_pipe2,     SYS_eventfd2,
    SYS_memfd_create, SYS_chdir,    SYS_getcwd,   SYS_newfstatat, SYS_fstat,     SYS_statx,
    SYS_renameat2,    SYS_fchmod,   SYS_fchown,   SYS_readlinkat,
#ifdef SYS_open
    SYS_open,         SYS_stat,     SYS_rename,   SYS_unlink,     SYS_mkdir,
#endif
};

#define FORBIDDEN (sizeof forbidden / sizeof forbidden[0])

static int forbid(void)
{
	struct sock_filter filter[2 * FORBIDDEN + 2];
	size_t n = 0;
	filter[n++] =
	    (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < FORBIDDEN; i++) {
		filter[n++] =
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {(unsigned short)n, filter};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
	           ? 0
	           : -1;
}

static int put(hf_store *store, unsigned number)
{
	static char payload[2000];
	char id[16];
	(void)snprintf(id, sizeof id, "%u", number % 100);
	memset(payload, 'a' + (int)(number % 26), sizeof payload);
	const struct hf_document_put_args args = {.key = {hf_str("c"), hf_str(id)},
	                                          .payload = {payload, sizeof payload}};
	return hf_document_put(store, NULL, &args, NULL, NULL);
}

static int read_all(hf_store *store)
{
	struct hf_document_page page = {0};
	const struct hf_document_list_args args = {.collection = hf_str("c")};
	const int rc = hf_document_list(store, &args, 0, &page, NULL);
	const size_t count = page.count;
	hf_release(page.memory);
	return rc == HF_OK && count == 100 ? 0 : 2;
}

/* Opening, work, payloads that are read back, upkeep and compaction by threads of the store's own,
 * a feed, closing. */
static int live(void *arg)
{
	const struct hf_options options = {.no_background = *(bool *)arg, .compact_bytes = 1 << 20};
	struct hf_event_batch batch = {0};
	hf_store *store;
	hf_feed *feed;
	/* glibc reads a setting of the kernel's when the heap of a thread shrinks: there is none. */
	if (mallopt(M_ARENA_MAX, 1) != 1 || forbid() != 0)
		return UNFIT;
	if (hf_open_memory(&options, &store, NULL) != HF_OK)
		return 1;
	int rc = hf_feed_open(store, 1, &feed, NULL) == HF_OK ? 0 : 3;
	for (unsigned i = 0; rc == 0 && i < ROUNDS; i++) {
		rc = put(store, i) == HF_OK ? 0 : 4;
		if (i % 500 == 499 && (options.no_background || i < ROUNDS / 2))
			rc = rc == 0 && hf_maintain(store, 0, NULL) == HF_OK ? 0 : 5;
	}
	rc = rc ? rc : read_all(store);
	if (rc == 0)
		rc = hf_feed_next(feed, 1, 0, &batch, NULL) == HF_EGONE ? 0 : 6;
	int compacted;
	do
		compacted = hf_compact(store, NULL);
	while (compacted == HF_EBLOCKED); /* the thread of the store's own is at it */
	if (rc == 0 && (compacted != HF_OK || hf_scrub(store, 0, NULL, NULL, NULL) != HF_OK))
		rc = 7;
	hf_feed_close(feed);
	return hf_close(store, NULL) == HF_OK ? rc : 8;
}

static void no_file_descriptor_or_directory_is_touched(void **unused)
{
	static bool quiet[] = {true, false};
	(void)unused;
	for (unsigned i = 0; i < 2; i++) {
		const int rc = real_in_child(live, &quiet[i]);
		if (rc == UNFIT) /* a container without seccomp: nothing was shown */
			print_message("this machine takes no filter\n");
		else
			assert_int_equal(rc, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_file_descriptor_or_directory_is_touched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
