/* Directories in a directory: see sim_parent.h. */
#include "lib/sim/sim_parent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sim/sim_member.h"

enum { MEMBERS_MAX = 64, CHANGES_MAX = 256 };

struct member {
	struct sim_parent *parent;
	struct sim *sim;
	unsigned entered; /* bits of openers that enter() gave out */
};

struct dir_name {
	char name[SIM_NAME_MAX + 1];
	unsigned id; /* of a member */
};

struct dir_names {
	struct dir_name all[MEMBERS_MAX];
	size_t count;
};

enum change_kind { CHANGE_MAKE, CHANGE_REMOVE, CHANGE_MOVE, CHANGE_EXCHANGE };

struct change {
	enum change_kind kind;
	char from[SIM_NAME_MAX + 1], to[SIM_NAME_MAX + 1];
	unsigned id, other;
	bool ghost; /* a failed sync has dropped it */
};

struct sim_parent {
	struct member members[MEMBERS_MAX]; /* 0: its own files */
	unsigned count;
	struct dir_names view, durable;
	struct change changes[CHANGES_MAX]; /* pending, oldest first */
	size_t change_count;
	struct hf__os os;
	struct hf__parent seam;
	uint64_t calls;
	sim_parent_observer observer;
	void *arg;
	struct sim_fault fault;
	uint64_t seen;
	bool hit, done_falsely;
	bool shares;
};

/* --- Names ------------------------------------------------------------------------------------ */

static struct dir_name *find(struct dir_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->all[i].name, name) == 0)
			return &names->all[i];
	return NULL;
}

static void put(struct dir_names *names, const char *name, unsigned id)
{
	struct dir_name *at = find(names, name);
	if (!at) {
		if (names->count == MEMBERS_MAX)
			abort();
		at = &names->all[names->count++];
		memcpy(at->name, name, strlen(name) + 1);
	}
	at->id = id;
}

static void drop(struct dir_names *names, const char *name, unsigned id)
{
	struct dir_name *at = find(names, name);
	if (at && at->id == id)
		*at = names->all[--names->count];
}

static void apply(struct dir_names *names, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_MAKE:
		put(names, change->from, change->id);
		break;
	case CHANGE_REMOVE:
		drop(names, change->from, change->id);
		break;
	case CHANGE_MOVE:
		drop(names, change->from, change->id);
		put(names, change->to, change->id);
		break;
	case CHANGE_EXCHANGE:
		put(names, change->from, change->other);
		put(names, change->to, change->id);
		break;
	}
}

static void note(struct sim_parent *p, struct change change)
{
	apply(&p->view, &change);
	if (p->change_count == CHANGES_MAX)
		abort();
	p->changes[p->change_count++] = change;
}

static struct change change_of(enum change_kind kind, const char *from, const char *to, unsigned id,
                               unsigned other)
{
	struct change change = {.kind = kind, .id = id, .other = other};
	memcpy(change.from, from, strlen(from) + 1);
	memcpy(change.to, to, strlen(to) + 1);
	return change;
}

static bool touches(const struct change *a, const struct change *b)
{
	return strcmp(a->from, b->from) == 0 || strcmp(a->from, b->to) == 0 ||
	       (a->to[0] && (strcmp(a->to, b->from) == 0 || strcmp(a->to, b->to) == 0));
}

/* What was dropped, and overtaken by a change of the same name that is stored now, is history. */
static bool laid(const struct sim_parent *p, size_t at)
{
	for (size_t i = at + 1; i < p->change_count; i++)
		if (!p->changes[i].ghost && touches(&p->changes[at], &p->changes[i]))
			return true;
	return false;
}

static void store_changes(struct sim_parent *p)
{
	struct change kept[CHANGES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < p->change_count; i++)
		if (!p->changes[i].ghost)
			apply(&p->durable, &p->changes[i]);
		else if (!laid(p, i))
			kept[count++] = p->changes[i];
	memcpy(p->changes, kept, count * sizeof kept[0]);
	p->change_count = count;
}

/* --- Calls ------------------------------------------------------------------------------------ */

static void watch(void *arg, struct sim *sim, uint64_t index, enum sim_call kind, const char *name)
{
	struct member *member = arg;
	struct sim_parent *p = member->parent;
	const struct sim_fault *f = &p->fault;
	(void)index;
	if (p->observer)
		p->observer(p->arg, p, p->calls, kind, name);
	p->calls++;
	if (f->error == 0 || !(f->kinds & (unsigned)kind) ||
	    (f->name && strncmp(name, f->name, strlen(f->name)) != 0))
		return;
	if (++p->seen == (f->nth ? f->nth : 1)) {
		struct sim_fault here = *f;
		here.kinds = (unsigned)kind;
		here.name = NULL;
		here.nth = 1;
		sim_clear_faults(sim);
		sim_add_fault(sim, here);
		p->hit = true;
		p->done_falsely = here.falsely && sim->profile.m7_false_failure;
	}
}

static unsigned add_member(struct sim_parent *p, struct sim *sim)
{
	if (p->count == MEMBERS_MAX)
		abort();
	struct member *member = &p->members[p->count];
	*member = (struct member){.parent = p, .sim = sim};
	sim_observe(sim, watch, member);
	return p->count++;
}

static struct verdict enter_call(struct sim_parent *p, enum sim_call kind, const char *name)
{
	return call_enter(p->members[0].sim, kind, name);
}

static int leave_call(struct sim_parent *p, int err)
{
	return call_leave(p->members[0].sim, err);
}

static bool is_empty(struct sim_parent *p, unsigned id)
{
	return p->members[id].sim->disk.view.count == 0;
}

static int make_inside(struct sim_parent *p, const char *name)
{
	if (name_check(name))
		return name_check(name);
	if (find(&p->view, name) || dir_find(&p->members[0].sim->disk.view, name))
		return EEXIST;
	struct sim *sim = sim_new(p->members[0].sim->profile, sim_random64(p->members[0].sim));
	sim_inherit(sim, p->members[0].sim);
	note(p, change_of(CHANGE_MAKE, name, "", add_member(p, sim), 0));
	return 0;
}

static int parent_make(void *ctx, const char *name, const char *like)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_MAKE_DIR, name);
	(void)like;
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		const int result = make_inside(p, name);
		err = err ? err : result;
	}
	return leave_call(p, err);
}

static int remove_inside(struct sim_parent *p, const char *name)
{
	const struct dir_name *at = find(&p->view, name);
	if (!at || !is_empty(p, at->id))
		return at ? ENOTEMPTY : ENOENT;
	note(p, change_of(CHANGE_REMOVE, name, "", at->id, 0));
	return 0;
}

static int parent_remove(void *ctx, const char *name)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_REMOVE_DIR, name);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		const int result = remove_inside(p, name);
		err = err ? err : result;
	}
	return leave_call(p, err);
}

static int move_inside(struct sim_parent *p, const char *from, const char *to)
{
	const struct dir_name *old = find(&p->view, from), *there = find(&p->view, to);
	if (!old)
		return ENOENT;
	if (dir_find(&p->members[0].sim->disk.view, to))
		return ENOTDIR;
	if (there && !is_empty(p, there->id))
		return ENOTEMPTY;
	note(p, change_of(CHANGE_MOVE, from, to, old->id, 0));
	return 0;
}

static int parent_move(void *ctx, const char *from, const char *to)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_MOVE_DIR, from);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		const int result = move_inside(p, from, to);
		err = err ? err : result;
	}
	return leave_call(p, err);
}

static int parent_rename_new(void *ctx, const char *from, const char *to)
{
	struct sim_parent *p = ctx;
	if (find(&p->view, to) || dir_find(&p->members[0].sim->disk.view, to))
		return EEXIST;
	return p->os.rename(p->os.ctx, from, to);
}

static int parent_exchange(void *ctx, const char *one, const char *other)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_EXCHANGE, one);
	const struct dir_name *a = find(&p->view, one), *b = find(&p->view, other);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		if (a && b)
			note(p, change_of(CHANGE_EXCHANGE, one, other, a->id, b->id));
		err = err ? err : a && b ? 0 : ENOENT;
	}
	return leave_call(p, err);
}

static int parent_enter(void *ctx, const char *name, struct hf__os **out)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_ENTER, name);
	const struct dir_name *at = find(&p->view, name);
	int err = verdict.error;
	if (err == 0 && !at)
		err = dir_find(&p->members[0].sim->disk.view, name) ? ENOTDIR : ENOENT;
	if (err == 0) {
		struct member *member = &p->members[at->id];
		unsigned which = 1; /* 0 is the test's */
		while (member->entered & (1u << which))
			which++;
		if (which >= SIM_OPENERS)
			abort();
		member->entered |= 1u << which;
		*out = sim_opener(member->sim, which);
	}
	return leave_call(p, err);
}

static void parent_leave(void *ctx, struct hf__os *os)
{
	struct sim_parent *p = ctx;
	const struct opener *opener = os->ctx;
	if (opener->sim->lock_owner == (int)opener->number)
		(void)os->unlock(os->ctx);
	for (unsigned i = 0; i < p->count; i++)
		if (p->members[i].sim == opener->sim)
			p->members[i].entered &= ~(1u << opener->number);
}

static int parent_link(void *ctx, const struct hf__os *from, const char *name,
                       const struct hf__os *to)
{
	struct sim_parent *p = ctx;
	const struct opener *source = from->ctx, *target = to->ctx;
	const struct verdict verdict = enter_call(p, SIM_LINK, name);
	int err = verdict.error;
	if (err == 0 || verdict.falsely) {
		const int result = member_link(source->sim, name, target->sim);
		err = err ? err : result;
	}
	return leave_call(p, err);
}

static int parent_clone(void *ctx, const struct hf__os *from, int source, const struct hf__os *to,
                        int file)
{
	struct sim_parent *p = ctx;
	const struct verdict verdict = enter_call(p, SIM_CLONE, "");
	const int err = leave_call(p, verdict.error);
	return err ? err : p->shares ? member_clone(from, source, to, file) : EOPNOTSUPP;
}

/* --- The seam of its own files ---------------------------------------------------------------- */

static struct sim_parent *of_opener(void *ctx)
{
	const struct opener *opener = ctx;
	return ((struct member *)opener->sim->observer_arg)->parent;
}

static int files_sync_dir(void *ctx)
{
	struct sim_parent *p = of_opener(ctx);
	p->done_falsely = false;
	const int err = sim_os(p->members[0].sim)->sync_dir(ctx);
	if (err == 0 || p->done_falsely)
		store_changes(p);
	for (size_t i = 0; err != 0 && i < p->change_count; i++)
		p->changes[i].ghost = p->members[0].sim->profile.m9_dir_sync_drops;
	return err;
}

static int files_list(void *ctx, hf__os_name_fn each, void *arg)
{
	struct sim_parent *p = of_opener(ctx);
	const struct dir_names names = p->view; /* the callback may change it */
	int err = sim_os(p->members[0].sim)->list(ctx, each, arg);
	for (size_t i = 0; i < names.count && err == 0; i++)
		err = each(arg, names.all[i].name);
	return err;
}

/* --- Life ------------------------------------------------------------------------------------- */

static struct sim_parent *blank(struct sim *files)
{
	struct sim_parent *p = sim_memory(sizeof *p);
	(void)add_member(p, files);
	p->os = *sim_os(files);
	p->os.sync_dir = files_sync_dir;
	p->os.list = files_list;
	p->seam = (struct hf__parent){
	    .ctx = p,
	    .os = &p->os,
	    .make = parent_make,
	    .remove = parent_remove,
	    .move = parent_move,
	    .rename_new = parent_rename_new,
	    .exchange = parent_exchange,
	    .enter = parent_enter,
	    .leave = parent_leave,
	    .link = parent_link,
	    .clone = parent_clone,
	};
	return p;
}

struct sim_parent *sim_parent_new(struct sim_profile profile, uint64_t seed)
{
	return blank(sim_new(profile, seed));
}

void sim_parent_free(struct sim_parent *p)
{
	for (unsigned i = 0; p && i < p->count; i++)
		sim_free(p->members[i].sim);
	free(p);
}

struct hf__parent *sim_parent_seam(struct sim_parent *p)
{
	return &p->seam;
}

struct sim *sim_parent_files(struct sim_parent *p)
{
	return p->members[0].sim;
}

struct sim *sim_parent_dir(struct sim_parent *p, const char *name)
{
	const struct dir_name *at = find(&p->view, name);
	return at ? p->members[at->id].sim : NULL;
}

struct sim *sim_parent_add(struct sim_parent *p, const char *name)
{
	struct sim *sim = sim_new(p->members[0].sim->profile, sim_random64(p->members[0].sim));
	sim_inherit(sim, p->members[0].sim);
	const unsigned id = add_member(p, sim);
	put(&p->view, name, id);
	put(&p->durable, name, id);
	return sim;
}

const char *sim_parent_name(struct sim_parent *p, size_t i)
{
	return i < p->view.count ? p->view.all[i].name : NULL;
}

void sim_parent_share(struct sim_parent *p)
{
	p->shares = true;
}

void sim_parent_observe(struct sim_parent *p, sim_parent_observer observer, void *arg)
{
	p->observer = observer;
	p->arg = arg;
}

uint64_t sim_parent_calls(struct sim_parent *p)
{
	return p->calls;
}

void sim_parent_fail(struct sim_parent *p, struct sim_fault fault)
{
	for (unsigned i = 0; i < p->count; i++)
		sim_clear_faults(p->members[i].sim);
	p->fault = fault;
	p->seen = 0;
	p->hit = p->done_falsely = false;
}

bool sim_parent_failed(const struct sim_parent *p)
{
	return p->hit;
}

/* --- Crash ------------------------------------------------------------------------------------ */

struct sim_parent *sim_parent_crash(struct sim_parent *p, enum sim_parent_image image,
                                    uint64_t salt)
{
	struct sim_parent *out = blank(member_crash(p->members[0].sim, image, salt));
	out->durable = p->durable;
	out->shares = p->shares;
	for (unsigned i = 1; i < p->count; i++)
		(void)add_member(out, member_crash(p->members[i].sim, image, sim_mix(salt, i)));
	for (size_t i = 0; i < p->change_count; i++)
		if (member_survives(image, sim_mix(salt, p->count), i))
			apply(&out->durable, &p->changes[i]);
	out->view = out->durable;
	return out;
}
