/* The last hour: a ring of samples, one each SAMPLE_EVERY_S, in memory alone. Rates are the mean of
 * the looks since the sample before. */
#include "ui/ui.h"

#include <string.h>

static struct sample sample_of(const struct samples *samples, const struct look *look)
{
	const struct look_totals *totals = &look->state.totals;
	struct sample sample = {.good = look->code == HF_OK};
	sample.changes = samples->rates ? samples->changes / samples->rates : -1;
	sample.bytes = samples->rates ? samples->bytes / samples->rates : -1;
	sample.ready = totals->ready;
	sample.delayed = totals->delayed;
	sample.blocked = totals->blocked;
	sample.sending = totals->sending;
	sample.failed = totals->failed;
	sample.disk = look->disk.used;
	if (totals->oldest_due != HF_UNSET && look->state.clock > totals->oldest_due)
		sample.oldest_due_s = (double)(look->state.clock - totals->oldest_due) / 1e6;
	return sample;
}

void samples_add(struct samples *samples, const struct look *look, bool take)
{
	if (look->rates.changes >= 0 && look->rates.bytes >= 0) {
		samples->changes += look->rates.changes;
		samples->bytes += look->rates.bytes;
		samples->rates++;
	}
	if (!take)
		return;
	samples->ring[samples->next] = sample_of(samples, look);
	samples->next = (samples->next + 1) % SAMPLES;
	samples->count += samples->count < SAMPLES;
	samples->changes = samples->bytes = 0;
	samples->rates = 0;
}

const struct sample *samples_at(const struct samples *samples, size_t back)
{
	return back < samples->count ? &samples->ring[(samples->next + SAMPLES - 1 - back) % SAMPLES]
	                             : NULL;
}
