/* The log, and checking it. See holdfast/api.h. */
#include "holdfast/admin.h"
#include "api/row.h"

/* clang-format off */
static const struct hf_api_word fsck_severity_words[] = {
	{"leftover", HF_FSCK_LEFTOVER},
	{"torn", HF_FSCK_TORN},
	{"io", HF_FSCK_IO},
	{"newer", HF_FSCK_NEWER},
	{"damage", HF_FSCK_DAMAGE},
	{0},
};

static const struct hf_api_word fsck_how_words[] = {
	{"unreadable", HF_FSCK_UNREADABLE},
	{"cut_off", HF_FSCK_CUT_OFF},
	{"presupposed", HF_FSCK_PRESUPPOSED},
	{0},
};

static const struct hf_api_word fsck_stop_words[] = {
	{"unknown", HF_FSCK_STOP_UNKNOWN},
	{"clean", HF_FSCK_STOP_CLEAN},
	{"unclean", HF_FSCK_STOP_UNCLEAN},
	{"none", HF_FSCK_STOP_NONE},
	{0},
};

const struct hf_api_struct hf__api_names_args = SIZED(hf_names_args,
	{AT(hf_names_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_names_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_names_args, after), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_name_page = SIZED(hf_name_page,
	{AT(hf_name_page, items), HF_API_MANY, .of = &hf__api_bytes},
	{AT(hf_name_page, count), HF_API_UINT},
	{AT(hf_name_page, next), HF_API_STRING},
	{AT(hf_name_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_log_entry = SIZED(hf_log_entry,
	{AT(hf_log_entry, lsn), HF_API_LSN},
	{AT(hf_log_entry, at), HF_API_TIME},
	{AT(hf_log_entry, domain), HF_API_STRING},
	{AT(hf_log_entry, domain_id), HF_API_UINT},
	{AT(hf_log_entry, kind), HF_API_UINT},
	{AT(hf_log_entry, transaction_end), HF_API_BOOL},
	{AT(hf_log_entry, text), HF_API_STRING},
	{AT(hf_log_entry, segment), HF_API_UINT},
	{AT(hf_log_entry, offset), HF_API_UINT},
	{AT(hf_log_entry, body_len), HF_API_UINT},
	{AT(hf_log_entry, set_back_us), HF_API_SPAN},
	{AT(hf_log_entry, event), HF_API_ONE, .of = &hf__api_event});

const struct hf_api_struct hf__api_fsck_object = STRUCT(hf_fsck_object,
	{AT(hf_fsck_object, how), HF_API_ENUM, .words = fsck_how_words},
	{AT(hf_fsck_object, lsn), HF_API_LSN},
	{AT(hf_fsck_object, domain), HF_API_STRING},
	{AT(hf_fsck_object, text), HF_API_STRING});

const struct hf_api_struct hf__api_fsck_finding = SIZED(hf_fsck_finding,
	{AT(hf_fsck_finding, severity), HF_API_ENUM, .words = fsck_severity_words},
	{AT(hf_fsck_finding, file), HF_API_STRING},
	{AT(hf_fsck_finding, offset), HF_API_UINT},
	{AT(hf_fsck_finding, length), HF_API_UINT, .zero = "not known or not bytes"},
	{AT(hf_fsck_finding, first_lsn), HF_API_LSN},
	{AT(hf_fsck_finding, last_lsn), HF_API_LSN},
	{AT(hf_fsck_finding, what), HF_API_STRING},
	{AT(hf_fsck_finding, objects), HF_API_MANY, .of = &hf__api_fsck_object},
	{AT(hf_fsck_finding, object_count), HF_API_UINT},
	{AT(hf_fsck_finding, objects_left_out), HF_API_UINT});

const struct hf_api_struct hf__api_fsck_options = SIZED(hf_fsck_options,
	{AT(hf_fsck_options, max_objects), HF_API_UINT, .zero = "100"},
	{AT(hf_fsck_options, progress), HF_API_FUNCTION});

const struct hf_api_struct hf__api_fsck_domain = STRUCT(hf_fsck_domain,
	{AT(hf_fsck_domain, name), HF_API_STRING},
	{AT(hf_fsck_domain, entries), HF_API_UINT},
	{AT(hf_fsck_domain, objects), HF_API_UINT});

const struct hf_api_struct hf__api_fsck_summary = SIZED(hf_fsck_summary,
	{AT(hf_fsck_summary, checked), HF_API_BOOL},
	{AT(hf_fsck_summary, verdict), HF_API_INT},
	{AT(hf_fsck_summary, uuid), HF_API_UINT, .elements = 16},
	{AT(hf_fsck_summary, epoch), HF_API_UINT},
	{AT(hf_fsck_summary, format), HF_API_UINT, .zero = "not known"},
	{AT(hf_fsck_summary, files), HF_API_UINT},
	{AT(hf_fsck_summary, bytes), HF_API_UINT},
	{AT(hf_fsck_summary, segments), HF_API_UINT},
	{AT(hf_fsck_summary, groups), HF_API_UINT},
	{AT(hf_fsck_summary, transactions), HF_API_UINT},
	{AT(hf_fsck_summary, entries), HF_API_UINT},
	{AT(hf_fsck_summary, groups_after_damage), HF_API_UINT},
	{AT(hf_fsck_summary, entries_after_damage), HF_API_UINT},
	{AT(hf_fsck_summary, first_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_fsck_summary, last_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_fsck_summary, torn_bytes), HF_API_UINT},
	{AT(hf_fsck_summary, last_stop), HF_API_ENUM, .words = fsck_stop_words},
	{AT(hf_fsck_summary, clock), HF_API_TIME},
	{AT(hf_fsck_summary, clock_ahead_us), HF_API_SPAN},
	{AT(hf_fsck_summary, state_checked), HF_API_BOOL},
	{AT(hf_fsck_summary, findings), HF_API_UINT, .elements = HF_FSCK_SEVERITIES},
	{AT(hf_fsck_summary, domain_count), HF_API_UINT},
	{AT(hf_fsck_summary, domains), HF_API_STRUCT, .of = &hf__api_fsck_domain,
	 .elements = HF_FSCK_DOMAINS_MAX});

static const struct hf_api_word segment_keeper_words[] = {
	{"head", HF_SEGMENT_HEAD},
	{"log", HF_SEGMENT_LOG},
	{"payloads", HF_SEGMENT_PAYLOADS},
	{"base", HF_SEGMENT_BASE},
	{"covered", HF_SEGMENT_COVERED},
	{"retained", HF_SEGMENT_RETAINED},
	{"subscribed", HF_SEGMENT_SUBSCRIBED},
	{"readers", HF_SEGMENT_READERS},
	{0},
};

const struct hf_api_struct hf__api_segment = SIZED(hf_segment,
	{AT(hf_segment, file), HF_API_STRING},
	{AT(hf_segment, snapshot), HF_API_BOOL},
	{AT(hf_segment, number), HF_API_UINT},
	{AT(hf_segment, bytes), HF_API_UINT},
	{AT(hf_segment, first_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_segment, last_lsn), HF_API_LSN, .zero = "none"},
	{AT(hf_segment, entries), HF_API_UINT},
	{AT(hf_segment, entry_bytes), HF_API_UINT},
	{AT(hf_segment, live_entries), HF_API_UINT},
	{AT(hf_segment, live_bytes), HF_API_UINT},
	{AT(hf_segment, payload_bytes), HF_API_UINT},
	{AT(hf_segment, keeper), HF_API_ENUM, .words = segment_keeper_words},
	{AT(hf_segment, open_by), HF_API_UINT});

static const struct hf_api_struct *const structs[] = {
	&hf__api_names_args, &hf__api_name_page, &hf__api_log_entry, &hf__api_fsck_object,
	&hf__api_fsck_finding, &hf__api_fsck_options, &hf__api_fsck_domain, &hf__api_fsck_summary,
	&hf__api_segment,
	NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_domain_name), HF_API_PLAIN_CALL},
	{CALL(hf_log_each), HF_API_PLAIN_CALL},
	{CALL(hf_segment_keeper_name), HF_API_PLAIN_CALL},
	{CALL(hf_segments_each), HF_API_PLAIN_CALL},
	{CALL(hf_segments_of), HF_API_PLAIN_CALL},
	{CALL(hf_fsck_severity_name), HF_API_PLAIN_CALL},
	{CALL(hf_fsck_stop_name), HF_API_PLAIN_CALL},
	{CALL(hf_fsck), HF_API_PLAIN_CALL, .takes = &hf__api_fsck_options,
	 .fills = &hf__api_fsck_summary},
	{0},
};

const struct hf_api_part hf__api_admin_part = {"admin", structs, calls};
