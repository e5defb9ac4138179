#include "compare/tickets.h"

#include "holdfast/document.h"
#include "holdfast/store.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

static int submit(struct tickets *t, struct side *side)
{
	const size_t last = (t->first + t->count) % TICKETS;
	struct row row;
	row_make(&row, side->workers[0].next, side->value_len);
	const struct hf_document_put_args args = {
	    .write.ticket = &t->out[last],
	    .key = {hf_bytes_of("bench", 5), hf_bytes_of(row.key, ROW_KEY)},
	    .payload = hf_bytes_of(row.value, row.len)};
	t->began[last] = bench_ticks();
	const int rc = hf_document_put(side->db, NULL, &args, NULL, NULL);
	histogram_add(&t->submitted, bench_ticks() - t->began[last]);
	t->count++;
	side->workers[0].next++;
	return rc;
}

/* Takes off what is answered. */
static int reap(struct tickets *t, struct side *side)
{
	const uint64_t now = bench_ticks();
	while (t->count > 0) {
		const int rc = hf_ticket_poll(side->db, &t->out[t->first], NULL);
		if (rc != HF_OK)
			return rc == HF_ETIMEDOUT ? HF_OK : rc;
		histogram_add(&t->answered, now - t->began[t->first]);
		t->first = (t->first + 1) % TICKETS;
		t->count--;
	}
	return HF_OK;
}

/* Sleeps until the store says that something was answered. */
static int wait_for_event(int event)
{
	struct pollfd waiting = {.fd = event, .events = POLLIN};
	uint64_t count;
	if (poll(&waiting, 1, WAIT_MS) != 1 || read(event, &count, sizeof count) != sizeof count)
		return HF_EIO;
	return HF_OK;
}

bool tickets_slice(struct tickets *t, struct side *side, double seconds, struct figures *out)
{
	const uint64_t began = bench_ticks(), deadline = began + (uint64_t)(seconds * 1e9);
	int event, rc = hf_eventfd(side->db, &event, NULL);
	histogram_clear(&t->answered);
	histogram_clear(&t->submitted);
	while (rc == HF_OK) {
		while (bench_ticks() < deadline && t->count < TICKETS && rc == HF_OK)
			rc = submit(t, side);
		if (rc != HF_OK || t->count == 0)
			break;
		rc = wait_for_event(event);
		if (rc == HF_OK)
			rc = reap(t, side);
	}
	if (rc != HF_OK)
		fprintf(stderr, "tickets: %s\n", hf_code_name(rc));
	*out = figures_of(&t->answered, (double)t->answered.count, bench_ticks() - began);
	return rc == HF_OK;
}
