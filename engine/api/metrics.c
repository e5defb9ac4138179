/* Figures for monitoring systems. See holdfast/api.h. */
#include "holdfast/metrics.h"
#include "api/row.h"

/* clang-format off */
static const struct hf_api_word metrics_format_words[] = {
	{"prometheus", HF_METRICS_PROMETHEUS},
	{"openmetrics", HF_METRICS_OPENMETRICS},
	{0},
};

const struct hf_api_struct hf__api_metrics_options = SIZED(hf_metrics_options,
	{AT(hf_metrics_options, format), HF_API_ENUM, .words = metrics_format_words});

static const struct hf_api_struct *const structs[] = {
	&hf__api_metrics_options, NULL,
};

static const struct hf_api_call calls[] = {
	{CALL(hf_metrics), HF_API_PLAIN_CALL, .takes = &hf__api_metrics_options},
	{0},
};

const struct hf_api_part hf__api_metrics_part = {"metrics", structs, calls};
