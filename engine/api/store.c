/* A store, its transactions and tickets. See holdfast/api.h. */
#include "holdfast/store.h"
#include "api/row.h"
#include "holdfast/async.h"

/* clang-format off */
const struct hf_api_struct hf__api_options = STRUCT(hf_options,
	{AT(hf_options, create), HF_API_BOOL},
	{AT(hf_options, no_background), HF_API_BOOL},
	{AT(hf_options, allow_unsafe_fs), HF_API_BOOL},
	{AT(hf_options, pad), HF_API_UINT},
	{AT(hf_options, segment_size), HF_API_UINT, .zero = "64 MiB"},
	{AT(hf_options, inline_max), HF_API_UINT, .zero = "256"},
	{AT(hf_options, wait_us), HF_API_WAIT},
	{AT(hf_options, compact_bytes), HF_API_UINT, .zero = "64 MiB"},
	{AT(hf_options, compact_rate), HF_API_UINT, .zero = "64 MiB"},
	{AT(hf_options, retain_us), HF_API_SPAN},
	{AT(hf_options, retain_bytes), HF_API_UINT},
	{AT(hf_options, no_refresh), HF_API_BOOL},
	{AT(hf_options, at_lsn), HF_API_LSN},
	{AT(hf_options, at_time), HF_API_TIME},
	{AT(hf_options, progress), HF_API_FUNCTION},
	{AT(hf_options, ctx), HF_API_CONTEXT});

const struct hf_api_struct hf__api_info = STRUCT(hf_info,
	{AT(hf_info, uuid), HF_API_UINT, .elements = 16},
	{AT(hf_info, epoch), HF_API_UINT},
	{AT(hf_info, format), HF_API_UINT},
	{AT(hf_info, last_lsn), HF_API_LSN},
	{AT(hf_info, durable_lsn), HF_API_LSN},
	{AT(hf_info, segment), HF_API_UINT},
	{AT(hf_info, segment_offset), HF_API_UINT},
	{AT(hf_info, recovered), HF_API_BOOL},
	{AT(hf_info, rewritten_bytes), HF_API_UINT},
	{AT(hf_info, torn_bytes), HF_API_UINT},
	{AT(hf_info, replayed), HF_API_UINT},
	{AT(hf_info, snapshot_lsn), HF_API_LSN},
	{AT(hf_info, snapshots_damaged), HF_API_UINT},
	{AT(hf_info, groups), HF_API_UINT},
	{AT(hf_info, entries), HF_API_UINT},
	{AT(hf_info, syncs), HF_API_UINT},
	{AT(hf_info, fault), HF_API_INT},
	{AT(hf_info, volatile_fs), HF_API_BOOL},
	{AT(hf_info, clock), HF_API_TIME},
	{AT(hf_info, clock_ahead_us), HF_API_SPAN},
	{AT(hf_info, signals), HF_API_UINT},
	{AT(hf_info, compactions), HF_API_UINT},
	{AT(hf_info, log_bytes), HF_API_UINT},
	{AT(hf_info, snapshot_bytes), HF_API_UINT},
	{AT(hf_info, read_only), HF_API_BOOL},
	{AT(hf_info, writer), HF_API_BOOL});

static const struct hf_api_struct *const structs[] = {
	&hf__api_options, &hf__api_info, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_open), HF_API_WAIT_CALL, .takes = &hf__api_options},
	{CALL(hf_open_read), HF_API_WAIT_CALL, .takes = &hf__api_options},
	{CALL(hf_refresh), HF_API_PLAIN_CALL},
	{CALL(hf_close), HF_API_WAIT_CALL},
	{CALL(hf_close_at_exit), HF_API_PLAIN_CALL},
	{CALL(hf_cancel_waits), HF_API_PLAIN_CALL},
	{CALL(hf_cancel), HF_API_PLAIN_CALL, .takes = &hf__api_cancel_flag},
	{CALL(hf_sync), HF_API_WAIT_CALL},
	{CALL(hf_maintain), HF_API_PLAIN_CALL},
	{CALL(hf_snapshot), HF_API_WAIT_CALL},
	{CALL(hf_compact), HF_API_WAIT_CALL},
	{CALL(hf_get_info), HF_API_PLAIN_CALL, .fills = &hf__api_info},
	{CALL(hf_txn_begin), HF_API_PLAIN_CALL},
	{CALL(hf_txn_commit), HF_API_WAIT_CALL},
	{CALL(hf_txn_abandon), HF_API_PLAIN_CALL},
	{CALL(hf_txn_commit_async), HF_API_PLAIN_CALL, .takes = &hf__api_ticket},
	{CALL(hf_ticket_poll), HF_API_PLAIN_CALL, .takes = &hf__api_ticket},
	{CALL(hf_ticket_wait), HF_API_WAIT_CALL, .takes = &hf__api_ticket},
	{CALL(hf_eventfd), HF_API_PLAIN_CALL},
	{CALL(hf_ticket_callback), HF_API_PLAIN_CALL, .takes = &hf__api_ticket},
	{CALL(hf_flush), HF_API_WAIT_CALL},
	{0},
};

const struct hf_api_part hf__api_store_part = {"store", structs, calls};
