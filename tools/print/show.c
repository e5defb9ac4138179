/* Members are called like those of the library's structs, so that who reads the headers knows
 * the JSON, and come in their order, but where the tables below say otherwise. */
#include "print/show.h"

void show_uuid(struct out *out, const uint8_t uuid[16])
{
	char text[40];
	size_t at = 0;
	for (size_t i = 0; i < 16; i++) {
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%02x",
		                       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	}
	out_text(out, "uuid", text);
}

/* --- By hand ---------------------------------------------------------------------------------- */

void show_reset(struct out *out, const struct hf_cursor_reset_args *args,
                const struct hf_cursor *there)
{
	out_begin(out, "cursor-reset");
	out_bytes(out, "consumer", args->key.consumer);
	out_bytes(out, "stream", args->key.stream);
	out_bytes(out, "subject", args->key.subject);
	if (there) {
		out_i64(out, "last_sequence", there->last_sequence);
		out_bytes(out, "last_delivery_id", there->last_delivery_id);
	} else {
		out_text(out, "last_sequence", NULL);
	}
	out_i64(out, "sequence", args->sequence);
	out_bytes(out, "delivery_id", args->delivery_id);
	out_time(out, "delivered_at", args->delivered_at);
	out_bytes(out, "reason", args->reason);
	out_bool(out, "dry_run", true);
	out_end(out);
}

void show_outbox_claim(struct out *out, struct hf_bytes queue, const struct hf_outbox_item *item,
                       hf_time claimed_at)
{
	out_begin(out, "outbox-claim");
	out_bytes(out, "queue", queue);
	out_bytes(out, "id", item->id);
	out_bytes(out, "owner", item->owner);
	out_u64(out, "token", item->token);
	out_time(out, "claimed_at", claimed_at);
	out_time(out, "lease_until", item->lease_until);
	out_time(out, "enqueued_at", item->enqueued_at);
	out_int(out, "attempts", (long)item->attempts);
	out_int(out, "lost", (long)item->lost);
	out_time(out, "run_until", item->run_until);
	out_bytes(out, "group", item->group);
	out_end(out);
}

void show_list_end(struct cli *cli, size_t count, const char *next)
{
	out_list_end(cli->out, next);
	if (cli->json)
		return;
	if (count == 0)
		cli_note(cli, "nothing there");
	if (next)
		cli_note(cli, "there is more: --page %s", next);
}

void show_raw(struct out *out, struct hf_bytes payload)
{
	out_raw(out, payload.data, payload.len);
}

/* --- By rows ---------------------------------------------------------------------------------- */

static const struct shown {
	const char *of, *thing; /* thing NULL: only inside another */
	const char *about; /* what a caller's name for it is called; NULL: it has its own */
	const char *hidden;
	/* what comes last, in this order. The content that a list may leave out is the last of all. */
	const char *last, *content;
	const char *if_set; /* shown only when they are set */
	const char *if_held; /* shown only when `token` is set */
} shown[] = {
    {"hf_inbox_record", "inbox-record", .last = "payload", .content = "payload"},
    {"hf_inbox_tombstone", "inbox-tombstone"},
    {"hf_inbox_key", "inbox-key"},
    {"hf_inbox_counts", "inbox-counts", "user"},
    {"hf_inbox_status", "inbox-status", "user", "extra", "status", "status"},
    {"hf_cursor", "cursor"},
    {"hf_cursor_lag_item", "cursor-lag",
     .last = "last_delivery_id last_delivered_at last_error error_count updated_at reset_reason "
             "reset_at version"},
    {"hf_outbox_item", "outbox-item", NULL, "available_computed",
     "extra rerun token owner lease_until run_until version payload", "payload", "extra rerun",
     "token owner lease_until run_until"},
    {"hf_outbox_rerun", NULL, NULL, "available_computed", "payload", "payload"},
    {"hf_outbox_stats", "outbox-stats", "queue", .last = "settings_version as_of"},
    {"hf_outbox_completed_id", "outbox-completed", "queue"},
    {"hf_outbox_drained", "outbox-drained"},
    {"hf_timeline_event", "timeline-event", .last = "payload", .content = "payload"},
    {"hf_idempotency_entry", "idempotency-entry", NULL, "expires_computed",
     "token lease_until version response", "response", .if_held = "token lease_until"},
    {"hf_idempotency_counts", "idempotency-counts", "scope"},
    {"hf_document", "document", NULL, "expires_computed", "payload", "payload"},
    {"hf_document_counts", "document-count"},
    {"hf_lock", "lock", .last = "token version"},
    {"hf_migration_entry", "migration", NULL, "has_checksum"},
    {"hf_clock", "clock", .last = "version"},
};

static const struct renamed {
	const char *of, *member, *name;
} renamed[] = {
    {"hf_outbox_completed_id", "until", "blocks_until"},
    {"hf_idempotency_entry", "done", "state"},
};

/* What is to be shown of a struct, member by member. */
struct plan {
	const struct hf_api_struct *of;
	const struct shown *how;
	size_t count;
	struct shown_member {
		struct row row;
		const char *name;
		const char *outer; /* it is shown as a member of that; NULL: as the object's own */
		bool content, if_set, if_held;
		const struct row *has; /* null unless that is true; NULL: it always has a value */
	} member[ROWS_MAX];
	const struct row *token;
};

static const char *name_of(const struct hf_api_struct *of, const struct row *row)
{
	for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
		if (strcmp(renamed[i].of, of->name) == 0 &&
		    strcmp(renamed[i].member, row->member->name) == 0)
			return renamed[i].name;
	return row->member->name;
}

static const struct row *has_of(const struct hf_api_struct *of, const char *name)
{
	char has[64];
	snprintf(has, sizeof has, "has_%s", name);
	return rows_find(rows_all(of), has);
}

static void make_plan(const struct hf_api_struct *of, struct plan *plan)
{
	static const struct shown plain;
	const struct shown *how = &plain;
	struct rows rows;
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		if (strcmp(shown[i].of, of->name) == 0)
			how = &shown[i];
	rows_in_order(of, how->hidden, how->last, &rows);
	*plan = (struct plan){.of = of, .how = how, .count = rows.count};
	for (size_t i = 0; i < rows.count; i++) {
		const struct row *row = &rows.row[i];
		const char *name = row->member->name;
		plan->member[i] = (struct shown_member){
		    .row = *row,
		    .name = name_of(of, row),
		    /* Members of a key, or of an object that stands in another, are its own. */
		    .outer = !row->in || rows_names("key cursor", row->in->name) ? NULL : row->in->name,
		    .content = how->content && strcmp(how->content, name) == 0,
		    .if_set = rows_names(how->if_set, name),
		    .if_held = rows_names(how->if_held, name),
		    .has = has_of(of, name)};
		if (strcmp(name, "token") == 0)
			plan->token = &plan->member[i].row;
	}
}

/* The plans of a few structs are kept: a list has many objects. */
static const struct plan *plan_of(const struct hf_api_struct *of)
{
	static struct plan plans[4];
	static size_t oldest;
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		if (plans[i].of == of)
			return &plans[i];
	struct plan *plan = &plans[oldest++ % (sizeof plans / sizeof *plans)];
	make_plan(of, plan);
	return plan;
}

static void show_rows(struct out *out, const struct hf_api_struct *of, const void *object,
                      bool bare);

static void show_value(struct out *out, const char *name, const struct row *row, const void *object,
                       bool bare)
{
	const struct hf_api_member *member = row->member;
	const void *at = (const char *)object + row->offset;
	char words[128];
	switch (member->type) {
	case HF_API_BOOL:
		if (strcmp(name, "state") == 0)
			out_text(out, name, *(const bool *)at ? "done" : "in_progress");
		else
			out_bool(out, name, *(const bool *)at);
		break;
	case HF_API_REAL:
		out_real(out, name, *(const double *)at);
		break;
	case HF_API_TIME:
		out_time(out, name, *(const hf_time *)at);
		break;
	case HF_API_INT:
	case HF_API_UINT:
	case HF_API_SPAN:
	case HF_API_LSN:
	case HF_API_TOKEN:
		if (member->size == sizeof(uint32_t) && strcmp(name, "max_lost") == 0 &&
		    *(const uint32_t *)at == HF_NEVER)
			out_text(out, name, "never");
		else if (member->size == sizeof(uint32_t))
			out_int(out, name, (long)row_number(row, object));
		else if (member->type == HF_API_INT || member->type == HF_API_SPAN)
			out_i64(out, name, *(const int64_t *)at);
		else
			out_u64(out, name, *(const uint64_t *)at);
		break;
	case HF_API_ENUM:
		out_text(out, name, row_word(member, row_number(row, object)));
		break;
	case HF_API_FLAGS:
		row_flags_text(member, row_number(row, object), words, sizeof words);
		out_text(out, name, words);
		break;
	case HF_API_KEY:
	case HF_API_TEXT:
	case HF_API_BYTES:
		out_bytes(out, name, *(const struct hf_bytes *)at);
		break;
	case HF_API_ONE:
		out_open(out, name);
		show_rows(out, member->of, *(const void *const *)at, bare);
		out_close(out);
		break;
	default: /* nothing to show: counters of arrays, memory */
		break;
	}
}

static void show_rows(struct out *out, const struct hf_api_struct *of, const void *object,
                      bool bare)
{
	const struct plan *plan = plan_of(of);
	const char *open = NULL;
	for (size_t i = 0; i < plan->count; i++) {
		const struct shown_member *member = &plan->member[i];
		if ((bare && member->content) || (member->if_set && !row_is_set(&member->row, object)) ||
		    (member->if_held && !row_is_set(plan->token, object)))
			continue;
		if (open && open != member->outer)
			out_close(out);
		if (member->outer && open != member->outer)
			out_open(out, member->outer);
		open = member->outer;
		if (member->has && !row_is_set(member->has, object))
			out_text(out, member->name, NULL);
		else
			show_value(out, member->name, &member->row, object, bare);
	}
	if (open)
		out_close(out);
}

void show_object(struct out *out, const struct hf_api_struct *of, const void *object,
                 struct hf_bytes about, bool bare)
{
	const struct shown *how = plan_of(of)->how;
	out_begin(out, how->thing);
	if (how->about)
		out_bytes(out, how->about, about);
	show_rows(out, of, object, bare);
	out_end(out);
}

void show_listed(struct out *out, const struct rows_page *page, size_t i, struct hf_bytes about,
                 bool bare)
{
	const struct shown *how = plan_of(page->of)->how;
	out_begin(out, how->thing);
	if (how->about)
		out_bytes(out, how->about, about);
	show_rows(out, page->of, page->items + i * page->of->size, bare);
	if (page->beside)
		show_rows(out, page->beside_of, page->beside + i * page->beside_of->size, bare);
	out_end(out);
}

void show_counted(struct out *out, const struct hf_api_struct *of, const void *object,
                  const struct hf_api_struct *args_of, const void *args)
{
	const struct rows rows = *rows_all(args_of);
	out_begin(out, plan_of(of)->how->thing);
	for (size_t i = 0; i < rows.count; i++) {
		char by[64];
		snprintf(by, sizeof by, "by_%s", rows.row[i].member->name);
		const struct row *asked = rows_find(&rows, by);
		if (row_has_bytes(&rows.row[i]) && (!asked || row_is_set(asked, args)))
			show_value(out, rows.row[i].member->name, &rows.row[i], args, false);
	}
	show_rows(out, of, object, false);
	out_end(out);
}

struct hf_bytes show_content(const struct hf_api_struct *of, const void *object)
{
	const struct plan *plan = plan_of(of);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->member[i].content)
			return row_bytes(&plan->member[i].row, object);
	return hf_bytes_of(NULL, 0);
}
