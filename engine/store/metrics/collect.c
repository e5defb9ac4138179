/* See collect.h. Happy path: each domain's walk goes on behind the newest name that it told of, one
 * step under each hold of the lock, until it tells of no more. Failure modes: no memory is
 * HF_ENOMEM, found behind the step. What comes and goes between two steps is in or not; what stays
 * is told of once, as the walk goes by names. */
#include "store/metrics/collect.h"

#include "store/commit/futex.h"
#include "store/follow/follow.h"

/* Of the units of hf__measured(): some milliseconds at most. */
#define STEP 1000u

static bool keep_parts(struct hf__collection *c, const struct hf_bytes *parts, struct hf_bytes *out)
{
	for (unsigned i = 0; i < HF__FIGURE_PARTS && c->now->figures->names[i]; i++) {
		const size_t len = parts[i].len;
		uint8_t *copy = hf__arena_alloc(&c->names, len + 1);
		if (!copy)
			return false;
		hf__copy(copy, parts[i].data, len);
		out[i] = hf_bytes_of(copy, len);
	}
	return true;
}

static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum; /* none is negative */
}

static void add_to_rest(struct hf__table *table, const int64_t *values)
{
	for (unsigned i = 0; i < table->figures->count; i++) {
		int64_t *to = &table->rest.values[i];
		if (table->figures->of[i].greatest)
			*to = values[i] > *to ? values[i] : *to;
		else
			*to = sum_of(*to, values[i]);
	}
}

static bool add_row(struct hf__collection *c, const struct hf_bytes *parts, const int64_t *values)
{
	struct hf__table *table = c->now;
	struct hf__row *rows = hf__grown(table->rows, table->count, &table->cap, sizeof *rows, 16);
	if (!rows)
		return false;
	table->rows = rows;
	struct hf__row *row = &rows[table->count];
	*row = (struct hf__row){0};
	if (!keep_parts(c, parts, row->parts))
		return false;
	memcpy(row->values, values, table->figures->count * sizeof *values);
	table->count++;
	return true;
}

bool hf__measured(struct hf__measure *m, const struct hf_bytes *parts, const int64_t *values,
                  unsigned work)
{
	struct hf__collection *c = m->collection;
	c->now->all++;
	if (c->now->count < HF__ROWS_MAX)
		c->no_memory = c->no_memory || !add_row(c, parts, values);
	else
		add_to_rest(c->now, values);
	m->left = m->left > work ? m->left - work - 1 : 0;
	if (m->left > 0 && !c->no_memory)
		return true;
	/* the name may be gone when the next step begins */
	m->enough = true;
	c->no_memory = c->no_memory || !keep_parts(c, parts, m->after);
	return false;
}

/* The lock is held. */
static void begin_step(struct hf_store *s, struct hf__measure *m)
{
	m->setback = hf__setback(s, s->world.states);
	m->mono = hf__clock_mono(s, m->setback);
	m->now = hf__to_shown(m->mono, m->setback);
	m->left = STEP;
	m->enough = false;
}

static int walk(struct hf_store *s, unsigned domain, struct hf__collection *c,
                struct hf_error *error)
{
	struct hf__measure m = {.collection = c};
	for (;;) {
		(void)pthread_mutex_lock(&s->lock);
		const int rc = hf__follow_whole(s, error);
		begin_step(s, &m);
		if (rc == HF_OK)
			c->now->figures->walk(s->world.states[domain], &m);
		(void)pthread_mutex_unlock(&s->lock);
		if (rc != HF_OK)
			return rc;
		if (c->no_memory)
			return hf__fail(error, HF_ENOMEM, 0, "no memory for the figures of the store");
		if (!m.enough)
			return HF_OK;
		m.began = true;
		hf__yield(); /* those that wait for the lock come first */
	}
}

static void count_objects(struct hf_store *s, const struct hf__domain *row, const void *state,
                          struct hf__collection *c)
{
	uint64_t count = 0;
	const char *kind;
	(void)pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; c->object_count < HF__OBJECTS_MAX && row->objects &&
	                     (kind = row->objects(state, i, &count)) != NULL;
	     i++)
		c->objects[c->object_count++] = (struct hf__object_count){row->name, kind, count};
	(void)pthread_mutex_unlock(&s->lock);
}

int hf__collect(struct hf_store *s, struct hf__collection *c, struct hf_error *error)
{
	for (unsigned i = 0; i < s->domains->count; i++) {
		const struct hf__domain *row = s->domains->rows[i];
		count_objects(s, row, s->world.states[i], c);
		if (!row->figures || c->table_count == HF__TABLES_MAX)
			continue;
		c->now = &c->tables[c->table_count++];
		*c->now = (struct hf__table){.figures = row->figures};
		const int rc = walk(s, i, c, error);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

void hf__collection_deinit(struct hf__collection *c)
{
	for (unsigned i = 0; i < c->table_count; i++)
		hf__free(c->tables[i].rows);
	hf__arena_deinit(&c->names);
}
