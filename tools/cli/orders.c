#include "cli/orders.h"

#include <stdio.h>

static const struct {
	const char *word;
	unsigned order;
} words[] = {
    {"created", HF_DOCUMENT_CREATED},
    {"updated", HF_DOCUMENT_UPDATED},
    {"group-created", HF_DOCUMENT_GROUP_CREATED},
    {"group-updated", HF_DOCUMENT_GROUP_UPDATED},
};

enum { WORDS = sizeof words / sizeof words[0] };

void orders_text(unsigned orders, char out[ORDERS_TEXT_SIZE])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < WORDS; i++) {
		if (orders & words[i].order) {
			len += (size_t)snprintf(out + len, ORDERS_TEXT_SIZE - len, "%s%s", len ? "," : "",
			                        words[i].word);
		}
	}
}

static unsigned order_of(const char *word, size_t len)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0)
			return words[i].order;
	return 0;
}

bool orders_parse(struct hf_bytes text, unsigned *out)
{
	const char *at = text.len ? text.data : "", *const end = at + text.len;
	*out = 0;
	for (;;) {
		const char *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		const unsigned order = order_of(at, (size_t)((comma ? comma : end) - at));
		if (!order)
			return false;
		*out |= order;
		if (!comma)
			return true;
		at = comma + 1;
	}
}
