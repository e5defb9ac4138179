/* Figures for monitoring systems: docs/operate/metrics.md.
 *
 * Happy path: the state is brought up to date, everything is gathered in steps, each under a short
 * hold of the lock, then made text and handed over. Failure modes: a handle that may not be looked
 * at is refused before the first piece; no memory, and a function that wants no more, end it.
 *
 * I-METRIC-1: no lock is held while the caller's function runs. I-METRIC-3: two names never have
 * the same labels, and none has those of the rest. */
#include "store/follow/follow.h"
#include "store/metrics/collect.h"
#include "store/metrics/own.h"

static void expose_row(struct hf__exposition *e, const struct hf__table *table,
                       const struct hf__row *row, unsigned column)
{
	const struct hf__figure *figure = &table->figures->of[column];
	hf__sample(e);
	for (unsigned i = 0; i < HF__FIGURE_PARTS && table->figures->names[i]; i++)
		hf__label_bytes(e, table->figures->names[i], row->parts[i]);
	if (figure->label)
		hf__label(e, figure->label, figure->value);
	if (figure->unit == HF__MICROSECONDS)
		hf__value_us(e, row->values[column]);
	else
		hf__value(e, (uint64_t)row->values[column]);
}

static void expose_family(struct hf__exposition *e, const struct hf__table *table, unsigned first,
                          unsigned end)
{
	const struct hf__figure *figure = &table->figures->of[first];
	hf__family(e, figure->kind == HF__COUNTER ? HF__FAMILY_COUNTER : HF__FAMILY_GAUGE,
	           figure->family, figure->help);
	for (size_t i = 0; i < table->count; i++)
		for (unsigned column = first; column < end; column++)
			expose_row(e, table, &table->rows[i], column);
	for (unsigned column = first; table->all > table->count && column < end; column++)
		expose_row(e, table, &table->rest, column);
}

static void expose_table(struct hf__exposition *e, const struct hf__table *table, bool writes)
{
	const struct hf__figures *figures = table->figures;
	unsigned end;
	if (figures->family)
		hf__gauge(e, figures->family, figures->help, table->all);
	for (unsigned first = 0; first < figures->count; first = end) {
		for (end = first + 1; end < figures->count; end++)
			if (strcmp(figures->of[first].family, figures->of[end].family) != 0)
				break;
		if (writes || !figures->of[first].writers)
			expose_family(e, table, first, end);
	}
}

static void expose_objects(struct hf__exposition *e, const struct hf__collection *c)
{
	hf__family(e, HF__FAMILY_GAUGE, "objects",
	           "Objects in memory, and what ended by time and is not logged yet.");
	for (unsigned i = 0; i < c->object_count; i++) {
		hf__sample(e);
		hf__label(e, "domain", c->objects[i].domain);
		hf__label(e, "kind", c->objects[i].kind);
		hf__value(e, c->objects[i].count);
	}
}

static int expose(struct hf__exposition *e, const struct hf__own *own,
                  const struct hf__collection *c, struct hf_error *error)
{
	hf__own_expose(e, own);
	expose_objects(e, c);
	for (unsigned i = 0; i < c->table_count; i++)
		expose_table(e, &c->tables[i], !own->info.read_only);
	const int rc = hf__exposition_end(e);
	if (rc == HF_OK)
		return rc;
	return hf__fail(error, rc, 0,
	                rc == HF_ENOMEM ? "no memory for the figures of the store"
	                                : "the function that takes the figures wants no more");
}

static int gather(struct hf_store *s, struct hf__own *own, struct hf__collection *c,
                  struct hf_error *error)
{
	int rc = hf__follow_begin(s, error);
	if (rc != HF_OK)
		return rc;
	rc = hf__collect(s, c, error);
	if (rc == HF_OK)
		hf__own_gather(s, own);
	hf__follow_end(s);
	return rc;
}

static int metrics(struct hf_store *s, struct hf__exposition *e, struct hf_error *error)
{
	struct hf__collection c = {0};
	struct hf__own *own = hf__alloc(sizeof *own);
	if (!own)
		return hf__fail(error, HF_ENOMEM, 0, "no memory for the figures of the store");
	int rc = gather(s, own, &c, error);
	if (rc == HF_OK)
		rc = expose(e, own, &c, error);
	hf__collection_deinit(&c);
	hf__free(own);
	return rc;
}

int hf_metrics(hf_store *store, hf_metrics_write_fn write, void *ctx,
               const struct hf_metrics_options *options, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(metrics_options, options);
	int rc = hf__took(&hf__api_metrics_options, options, error);
	if (rc != HF_OK)
		return rc;
	if (!write)
		return hf__fail(error, HF_EINVAL, 0, "a function that takes the figures is needed");
	if (options->format != HF_METRICS_PROMETHEUS && options->format != HF_METRICS_OPENMETRICS)
		return hf__fail(error, HF_EINVAL, 0, "there is no format of metrics of that number");
	rc = hf__call_begin(store, error); /* closing waits for it */
	if (rc != HF_OK)
		return rc;
	struct hf__exposition e = {
	    .write = write, .ctx = ctx, .openmetrics = options->format == HF_METRICS_OPENMETRICS};
	rc = metrics(store, &e, error);
	hf__call_end(store);
	return rc;
}
