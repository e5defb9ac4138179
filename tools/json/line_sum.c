/* See line_sum.h. */
#include "json/line_sum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

bool line_sum_begin(struct line_sum *sum)
{
	if (!sum->state)
		sum->state = XXH3_createState();
	return sum->state && XXH3_128bits_reset(sum->state) == XXH_OK;
}

void line_sum_add(struct line_sum *sum, struct hf_bytes line)
{
	if (line.len > 0)
		(void)XXH3_128bits_update(sum->state, line.data, line.len);
	(void)XXH3_128bits_update(sum->state, "\n", 1);
}

void line_sum_text(const struct line_sum *sum, char out[LINE_SUM_SIZE])
{
	const XXH128_hash_t hash = XXH3_128bits_digest(sum->state);
	(void)snprintf(out, LINE_SUM_SIZE, "xxh3-128:%016" PRIx64 "%016" PRIx64, hash.high64,
	               hash.low64);
}

void line_sum_own(struct hf_bytes line, char out[LINE_OWN_SUM_SIZE])
{
	(void)snprintf(out, LINE_OWN_SUM_SIZE, ",\"sum\":\"%016" PRIx64 "\"}",
	               (uint64_t)XXH3_64bits(line.data, line.len));
}

bool line_sum_holds(struct hf_bytes line)
{
	const char *text = line.data;
	const size_t own = LINE_OWN_SUM_SIZE - 1;
	char wanted[LINE_OWN_SUM_SIZE];
	while (line.len > 0 && strchr(" \t\r", text[line.len - 1]))
		line.len--;
	if (line.len < own)
		return false;
	line_sum_own(hf_bytes_of(text, line.len - own), wanted);
	return memcmp(text + line.len - own, wanted, own) == 0;
}

void line_sum_free(struct line_sum *sum)
{
	(void)XXH3_freeState(sum->state);
	sum->state = NULL;
}
