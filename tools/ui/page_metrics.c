/* /metrics: the library's own figures, as the collector asks for them. */
#include "ui/asked.h"
#include "ui/ui.h"

static bool take(void *ctx, const char *text, size_t len)
{
	struct buffer *to = ctx;
	buffer_add(to, text, len);
	return !to->failed;
}

void page_metrics(struct ui *ui, const struct asked *request, struct answer *answer)
{
	const bool open = request->accept && strstr(request->accept, "application/openmetrics-text");
	const struct hf_metrics_options options = {.format = open ? HF_METRICS_OPENMETRICS
	                                                          : HF_METRICS_PROMETHEUS};
	struct hf_error error = {0};
	if (ui->look.code != HF_OK) { /* what was before is no figure of now */
		refuse(answer, 503, ui->look.text);
		return;
	}
	const int rc = hf_metrics(ui->look.store, take, &answer->body, &options, &error);
	if (rc != HF_OK) {
		refuse(answer, 503, error.text);
		return;
	}
	answer->type = open ? HF_METRICS_OPENMETRICS_TYPE : HF_METRICS_PROMETHEUS_TYPE;
}
