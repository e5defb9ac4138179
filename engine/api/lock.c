/* Locks. See holdfast/api.h. */
#include "holdfast/lock.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_lock = STRUCT(hf_lock,
	{AT(hf_lock, name), HF_API_KEY},
	{AT(hf_lock, owner), HF_API_KEY},
	{AT(hf_lock, token), HF_API_TOKEN},
	{AT(hf_lock, acquired_at), HF_API_TIME},
	{AT(hf_lock, lease_until), HF_API_TIME},
	{AT(hf_lock, version), HF_API_LSN});

const struct hf_api_struct hf__api_lock_acquire_args = SIZED(hf_lock_acquire_args,
	{AT(hf_lock_acquire_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_acquire_args, name), HF_API_KEY},
	{AT(hf_lock_acquire_args, owner), HF_API_KEY},
	{AT(hf_lock_acquire_args, lease_us), HF_API_SPAN, .label = "the lease"},
	{AT(hf_lock_acquire_args, wait_us), HF_API_WAIT});

const struct hf_api_struct hf__api_lock_renew_args = SIZED(hf_lock_renew_args,
	{AT(hf_lock_renew_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_renew_args, name), HF_API_KEY},
	{AT(hf_lock_renew_args, token), HF_API_TOKEN},
	{AT(hf_lock_renew_args, lease_us), HF_API_SPAN, .label = "the lease"});

const struct hf_api_struct hf__api_lock_release_args = SIZED(hf_lock_release_args,
	{AT(hf_lock_release_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_release_args, name), HF_API_KEY},
	{AT(hf_lock_release_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_lock_force_release_args = SIZED(hf_lock_force_release_args,
	{AT(hf_lock_force_release_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_force_release_args, name), HF_API_KEY},
	{AT(hf_lock_force_release_args, reason), HF_API_TEXT, .most = HF_LOCK_REASON_MAX});

const struct hf_api_struct hf__api_lock_put_args = SIZED(hf_lock_put_args,
	{AT(hf_lock_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_put_args, name), HF_API_KEY},
	{AT(hf_lock_put_args, owner), HF_API_KEY},
	{AT(hf_lock_put_args, acquired_at), HF_API_TIME},
	{AT(hf_lock_put_args, lease_until), HF_API_TIME});

const struct hf_api_struct hf__api_lock_guard_args = SIZED(hf_lock_guard_args,
	{AT(hf_lock_guard_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_guard_args, name), HF_API_KEY});

const struct hf_api_struct hf__api_lock_guard_held_args = SIZED(hf_lock_guard_held_args,
	{AT(hf_lock_guard_held_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_lock_guard_held_args, name), HF_API_KEY},
	{AT(hf_lock_guard_held_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_lock_with_args = SIZED(hf_lock_with_args,
	{AT(hf_lock_with_args, name), HF_API_KEY},
	{AT(hf_lock_with_args, wait_us), HF_API_WAIT},
	{AT(hf_lock_with_args, cancel), HF_API_ONE, .of = &hf__api_cancel_flag, .zero = "none"});

const struct hf_api_struct hf__api_lock_check_args = SIZED(hf_lock_check_args,
	{AT(hf_lock_check_args, name), HF_API_KEY},
	{AT(hf_lock_check_args, token), HF_API_TOKEN});

const struct hf_api_struct hf__api_lock_got = SIZED(hf_lock_got,
	{AT(hf_lock_got, lock), HF_API_STRUCT, .of = &hf__api_lock},
	{AT(hf_lock_got, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_lock_list_args = SIZED(hf_lock_list_args,
	{AT(hf_lock_list_args, limit), HF_API_UINT, .zero = "all"},
	{AT(hf_lock_list_args, page), HF_API_STRING, .zero = "the first page"},
	{AT(hf_lock_list_args, after), HF_API_KEY, .optional = true});

const struct hf_api_struct hf__api_lock_page = SIZED(hf_lock_page,
	{AT(hf_lock_page, items), HF_API_MANY, .of = &hf__api_lock},
	{AT(hf_lock_page, count), HF_API_UINT},
	{AT(hf_lock_page, next), HF_API_STRING},
	{AT(hf_lock_page, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_lock_stats = SIZED(hf_lock_stats,
	{AT(hf_lock_stats, held), HF_API_UINT},
	{AT(hf_lock_stats, next_ending), HF_API_TIME},
	{AT(hf_lock_stats, as_of), HF_API_TIME});

static const struct hf_api_struct *const structs[] = {
	&hf__api_lock, &hf__api_lock_acquire_args, &hf__api_lock_renew_args,
	&hf__api_lock_release_args, &hf__api_lock_force_release_args, &hf__api_lock_put_args,
	&hf__api_lock_guard_args, &hf__api_lock_guard_held_args, &hf__api_lock_with_args,
	&hf__api_lock_check_args, &hf__api_lock_got, &hf__api_lock_list_args, &hf__api_lock_page,
	&hf__api_lock_stats, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_lock_acquire), HF_API_MUTATION, .takes = &hf__api_lock_acquire_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_acquire_start), HF_API_PLAIN_CALL, .takes = &hf__api_lock_acquire_args},
	{CALL(hf_lock_acquire_take), HF_API_PLAIN_CALL, .fills = &hf__api_result},
	{CALL(hf_lock_renew), HF_API_MUTATION, .takes = &hf__api_lock_renew_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_release), HF_API_MUTATION, .takes = &hf__api_lock_release_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_force_release), HF_API_MUTATION, .takes = &hf__api_lock_force_release_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_put), HF_API_MUTATION, .takes = &hf__api_lock_put_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_guard), HF_API_MUTATION, .takes = &hf__api_lock_guard_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_guard_held), HF_API_MUTATION, .takes = &hf__api_lock_guard_held_args,
	 .object = &hf__api_lock_got},
	{CALL(hf_lock_with), HF_API_WAIT_CALL, .takes = &hf__api_lock_with_args},
	{CALL(hf_lock_check), HF_API_READ, .takes = &hf__api_lock_check_args},
	{CALL(hf_lock_get), HF_API_READ, .takes = &hf__api_bytes, .fills = &hf__api_lock_got},
	{CALL(hf_lock_list), HF_API_READ, .takes = &hf__api_lock_list_args,
	 .fills = &hf__api_lock_page},
	{CALL(hf_lock_get_stats), HF_API_READ, .fills = &hf__api_lock_stats},
	{0},
};

const struct hf_api_part hf__api_lock_part = {"lock", structs, calls};
