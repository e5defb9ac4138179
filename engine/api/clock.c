/* The store's clock. See holdfast/api.h. */
#include "holdfast/clock.h"
#include "api/row.h"

/* clang-format off */
const struct hf_api_struct hf__api_clock = SIZED(hf_clock,
	{AT(hf_clock, now), HF_API_TIME},
	{AT(hf_clock, wall), HF_API_TIME},
	{AT(hf_clock, ahead_us), HF_API_SPAN},
	{AT(hf_clock, set_back_us), HF_API_SPAN},
	{AT(hf_clock, version), HF_API_LSN},
	{AT(hf_clock, set_back_at), HF_API_TIME},
	{AT(hf_clock, difference_us), HF_API_SPAN},
	{AT(hf_clock, reason), HF_API_TEXT},
	{AT(hf_clock, memory), HF_API_MEMORY});

const struct hf_api_struct hf__api_clock_set_back_args = SIZED(hf_clock_set_back_args,
	{AT(hf_clock_set_back_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_clock_set_back_args, reason), HF_API_TEXT, .most = HF_CLOCK_REASON_MAX},
	{AT(hf_clock_set_back_args, by_us), HF_API_SPAN, .zero = "not given"},
	{AT(hf_clock_set_back_args, to), HF_API_TIME, .zero = "to the wall clock"});

static const struct hf_api_struct *const structs[] = {
	&hf__api_clock, &hf__api_clock_set_back_args, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_clock_get), HF_API_READ, .fills = &hf__api_clock},
	{CALL(hf_clock_set_back), HF_API_MUTATION, .takes = &hf__api_clock_set_back_args},
	{0},
};

const struct hf_api_part hf__api_clock_part = {"clock", structs, calls};
