/* The seam of a read-only handle: the directory's, and files of the log that stay what they were
 * when they were opened, whatever becomes of their names. Nothing can be written through it. */
#ifndef HF_STORE_FOLLOW_PINS_H
#define HF_STORE_FOLLOW_PINS_H

#include <pthread.h>
#include <stdatomic.h>

#include "log/format.h"
#include "os/os.h"

struct hf__pin {
	char name[HF__NAME_MAX];
	int file;
	unsigned uses; /* openings that were not closed */
	bool kept; /* stays open without any */
};

struct hf__pin_names {
	char (*all)[HF__NAME_MAX];
	size_t count, cap;
};

struct hf__pinned {
	_Atomic(const struct hf__os *) under; /* another one when the directory was replaced: place.c */
	struct hf__os os; /* its ctx is this struct, which must not move */
	pthread_mutex_t lock; /* of `pins` */
	struct hf__pin *pins;
	size_t count, cap;
	struct hf__pin_names names; /* of segments and snapshots, sorted, as of the newest listing */
	bool frozen; /* a listing gives these, and no others */
};

/* What is behind three functions of p->os. */
int hf__pinned_open(struct hf__pinned *p, const char *name, int *out);
int hf__pinned_close(struct hf__pinned *p, int file);
int hf__pinned_list(const struct hf__pinned *p, hf__os_name_fn each, void *arg);

/* seam.c. */
void hf__pinned_init(struct hf__pinned *p, const struct hf__os *under);
/* Closes all. */
void hf__pinned_deinit(struct hf__pinned *p);
/* The memory alone, in a forked child. */
void hf__pinned_forget(struct hf__pinned *p);

/* Opens and keeps all segments and snapshots of one listing. 0; EAGAIN: the directory changed
 * meanwhile, and those that are open belong to no one listing; errno. */
int hf__pinned_take(struct hf__pinned *p);
/* The file that is open as `file` is kept. */
void hf__pinned_keep(struct hf__pinned *p, int file);
/* Keeps no more: all but segments from `first` to `last` and the snapshot of `snapshot`. */
void hf__pinned_let_go(struct hf__pinned *p, uint32_t first, uint32_t last, uint64_t snapshot);
void hf__pinned_drop(struct hf__pinned *p);
/* How many of the segments that are kept have no name any more, and how long they are. 0 or
 * errno. */
int hf__pinned_gone(struct hf__pinned *p, size_t *gone, uint64_t *bytes);

#endif
