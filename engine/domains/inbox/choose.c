/* Which records a mutation of many concerns, as arrays of pointers in key order. Arrays are
 * sorted in place, since sorting must not allocate behind the memory seam (qsort may). */
#include "domains/inbox/save.h"

/* --- Heap sort -------------------------------------------------------------------------------- */

typedef int (*compare_fn)(const void *a, const void *b);

static void sift_down(const void **items, size_t root, size_t count, compare_fn compare)
{
	for (;;) {
		size_t child = root * 2 + 1;
		if (child >= count)
			return;
		if (child + 1 < count && compare(items[child], items[child + 1]) < 0)
			child++;
		if (compare(items[root], items[child]) >= 0)
			return;
		const void *moved = items[root];
		items[root] = items[child];
		items[child] = moved;
		root = child;
	}
}

static bool sorted(const void **items, size_t count, compare_fn compare)
{
	for (size_t i = 1; i < count; i++)
		if (compare(items[i - 1], items[i]) > 0)
			return false;
	return true;
}

/* O(n log n) at worst, O(n) for what is in order already. */
static void sort(const void **items, size_t count, compare_fn compare)
{
	if (sorted(items, count, compare))
		return;
	for (size_t root = count / 2; root-- > 0;)
		sift_down(items, root, count, compare);
	for (size_t end = count - 1; end > 0; end--) {
		const void *greatest = items[0];
		items[0] = items[end];
		items[end] = greatest;
		sift_down(items, 0, end, compare);
	}
}

/* --- What a save names ------------------------------------------------------------------------ */

int hf__compare_inputs(const void *a, const void *b)
{
	const struct hf_inbox_input *x = a, *y = b;
	return hf__inbox_compare_keys(hf__inbox_account(x->account), x->thread,
	                              hf__inbox_account(y->account), y->thread);
}

int hf__named_init(struct hf__named *named, const struct hf_inbox_save_args *args)
{
	named->items = NULL;
	named->count = args->count;
	if (args->count > HF_TRANSACTION_MAX)
		return HF_ETOOBIG; /* each takes more than a byte */
	named->items = hf__alloc(args->count * sizeof *named->items);
	if (!named->items)
		return HF_ENOMEM;
	for (size_t i = 0; i < args->count; i++)
		named->items[i] = &args->records[i];
	sort(named->items, args->count, hf__compare_inputs);
	return HF_OK;
}

void hf__named_deinit(struct hf__named *named)
{
	hf__free(named->items);
}

/* --- What goes -------------------------------------------------------------------------------- */

static int victims_init(struct hf__victims *victims, size_t room)
{
	victims->count = 0;
	victims->items = hf__alloc(room * sizeof *victims->items);
	return victims->items ? HF_OK : HF_ENOMEM;
}

void hf__victims_deinit(struct hf__victims *victims)
{
	hf__free(victims->items);
}

/* Adds the range. It ends at `range`'s end. */
static void add_range(struct hf__victims *victims, const struct hf__inbox *inbox,
                      struct hf__index_at at, const struct hf__inbox_bound *range)
{
	for (; at.leaf; at = hf__records_next(inbox, range, at))
		victims->items[victims->count++] = hf__index_object(at);
}

static bool kept(const struct hf_inbox_prune_args *args, struct hf_bytes account)
{
	for (size_t i = 0; i < args->keep_count; i++)
		if (hf__bytes_equal(hf__inbox_account(args->keep_accounts[i]), account))
			return true;
	return false;
}

/* Goes from account to account, passing over the kept ones in O(log n) each. */
int hf__victims_of_prune(struct hf__victims *victims, const struct hf__inbox *inbox,
                         const struct hf_inbox_prune_args *args)
{
	const struct hf__inbox_bound all = {.view = HF__INBOX_BY_KEY};
	const int rc = victims_init(victims, hf__inbox_total(inbox));
	if (rc != HF_OK)
		return rc;
	struct hf__index_at at = hf__records_first(inbox, &all, NULL);
	while (at.leaf) {
		const struct hf__record *record = hf__index_object(at);
		const struct hf__inbox_bound account = {
		    .view = HF__INBOX_BY_KEY, .fields = 1, .at.account = hf__record_account(record)};
		if (!kept(args, account.at.account))
			add_range(victims, inbox, at, &account);
		at = hf__records_beyond(inbox, &account);
	}
	return HF_OK;
}

static int compare_records(const void *a, const void *b)
{
	return hf__inbox_compare_keys(hf__record_account(a), hf__record_thread(a),
	                              hf__record_account(b), hf__record_thread(b));
}

/* One class of records in load order. */
static struct hf__inbox_bound of_class(uint8_t class)
{
	struct hf__inbox_bound bound = {.view = HF__INBOX_IN_LOAD_ORDER,
	                                .fields = HF__INBOX_CLASS_FIELDS};
	hf__inbox_put_class(&bound.at, class);
	return bound;
}

/* Takes the last record in load order that is left: the ranges of the classes, merged from
 * behind. */
static const struct hf__record *take_last(const struct hf__inbox *inbox,
                                          struct hf__index_at tails[HF__INBOX_CLASSES])
{
	const struct hf__record *last = NULL;
	unsigned class = 0;
	for (unsigned i = 0; i < HF__INBOX_CLASSES; i++) {
		const struct hf__record *record = hf__index_object(tails[i]);
		if (!record || (last && hf__record_compare_load(record, last) < 0))
			continue;
		last = record;
		class = i;
	}
	const struct hf__inbox_bound range = of_class((uint8_t) class);
	if (last)
		tails[class] = hf__records_prev(inbox, &range, tails[class]);
	return last;
}

int hf__victims_of_trim(struct hf__victims *victims, const struct hf__inbox *inbox, size_t keep)
{
	const size_t room = hf__inbox_total(inbox) - keep;
	const int rc = victims_init(victims, room);
	if (rc != HF_OK)
		return rc;
	struct hf__index_at tails[HF__INBOX_CLASSES];
	for (uint8_t class = 0; class < HF__INBOX_CLASSES; class ++) {
		const struct hf__inbox_bound range = of_class(class);
		tails[class] = hf__records_last(inbox, &range);
	}
	while (victims->count < room)
		victims->items[victims->count++] = take_last(inbox, tails);
	sort(victims->items, victims->count, compare_records);
	return HF_OK;
}

/* The oldest snapshot_at that is young enough. Never HF_UNSET, which is older than all. */
static int64_t oldest_allowed(int64_t now, int64_t max_age_us)
{
	return now < HF_UNSET + 1 + max_age_us ? HF_UNSET + 1 : now - max_age_us;
}

/* Each class has its young ones in front. */
static size_t count_young(const struct hf__inbox *inbox, int64_t oldest)
{
	size_t young = 0, before = 0;
	for (uint8_t class = 0; class < HF__INBOX_CLASSES; class ++) {
		const struct hf__inbox_bound all = of_class(class);
		struct hf__inbox_bound to = all;
		to.fields = HF__INBOX_CLASS_FIELDS + 1;
		to.at.snapshot_at = oldest;
		young += hf__records_up_to(inbox, &to) - before;
		before = hf__records_up_to(inbox, &all);
	}
	return young;
}

size_t hf__kept_by_trim(const struct hf__inbox *inbox, const struct hf_inbox_trim_args *args,
                        int64_t now)
{
	size_t keep = hf__inbox_total(inbox);
	if (args->max_records > 0 && args->max_records < keep)
		keep = (size_t)args->max_records;
	if (args->max_age_us == 0)
		return keep;
	const size_t young = count_young(inbox, oldest_allowed(now, args->max_age_us));
	return young < keep ? young : keep;
}
