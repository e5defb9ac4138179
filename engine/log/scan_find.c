/* What of a segment lies behind damage: group headers, and whole groups, wherever they stand. For
 * those that look at all of a file; what they find is judged by none of the rows of scan.c. */
#include "log/scan.h"

/* What of the file can be asked for: its end, or the pinned end. */
static size_t limit_of(const struct hf__scan_input *in)
{
	const size_t length =
	    in->bytes.len < HF__SEGMENT_SIZE_MAX ? in->bytes.len : HF__SEGMENT_SIZE_MAX;
	return in->pinned_end && in->pinned_end < length ? in->pinned_end : length;
}

static struct hf_bytes bytes_from(const struct hf__scan_input *in, size_t limit, size_t at)
{
	return hf_bytes_of((const uint8_t *)in->bytes.data + at, limit - at);
}

static uint32_t aligned(uint32_t at)
{
	return at + (HF__ALIGN - at % HF__ALIGN) % HF__ALIGN;
}

bool hf__scan_header(const struct hf__scan_input *input, uint32_t at, struct hf__group_header *out)
{
	const size_t limit = limit_of(input);
	return at < limit && hf__scan_header_in(input, bytes_from(input, limit, at), at, out);
}

/* The next such header at or behind `at`, a multiple of HF__ALIGN; false: there is none. */
static bool next_header(const struct hf__scan_input *in, size_t limit, uint32_t *at,
                        struct hf__group_header *out)
{
	for (; *at < limit && limit - *at >= HF__GROUP_HEADER_SIZE; *at += HF__ALIGN) {
		const struct hf_bytes bytes = bytes_from(in, limit, *at);
		if (hf__group_magic(bytes.data) && hf__scan_header_in(in, bytes, *at, out))
			return true;
	}
	return false;
}

bool hf__scan_find(const struct hf__scan_input *input, uint32_t from, uint64_t least_lsn,
                   uint32_t *at, struct hf__group_header *out)
{
	const size_t limit = limit_of(input);
	for (*at = aligned(from); next_header(input, limit, at, out); *at += HF__ALIGN) {
		if (out->first_lsn < least_lsn || hf__group_size(out) > limit - *at)
			continue;
		if (hf__group_verify_body(input->id, out, bytes_from(input, limit, *at)) == HF_OK)
			return true;
		*at += hf__group_size(out) - HF__ALIGN;
	}
	return false;
}

void hf__scan_headers(const struct hf__scan_input *input, uint32_t from,
                      bool (*each)(void *arg, uint32_t at, const struct hf__group_header *header),
                      void *arg)
{
	const size_t limit = limit_of(input);
	struct hf__group_header header;
	for (uint32_t at = aligned(from); next_header(input, limit, &at, &header); at += HF__ALIGN)
		if (!each(arg, at, &header))
			return;
}
