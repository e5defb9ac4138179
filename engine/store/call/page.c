/* Page tokens (rule 7): the sort position of the last item given, tied to store and query by a
 * check value, as URL-safe base64.
 *
 * Layout: u8 version, u64 query, position, u64 check. The check is seeded with the store's uuid,
 * so a token of another store is refused as a damaged one is. It is no secret: it finds mistakes,
 * not attackers. */
#include "base/hash.h"
#include "store/internal.h"

#define TOKEN_VERSION 1u
#define TOKEN_OVERHEAD 17u
#define TOKEN_TEXT_MAX 8192u

static uint64_t check_of(const struct hf_store *s, const uint8_t *bytes, size_t len)
{
	return hf__checksum(bytes, len, hf__seed_at(s->id.seed, UINT64_C(0x70616765)));
}

uint64_t hf__query_hash(const struct hf__writer *w)
{
	return hf__checksum(w->data, w->len, UINT64_C(0x7175657279));
}

static bool token_ok(const struct hf_store *s, const uint8_t *bytes, size_t len, uint64_t query)
{
	if (len < TOKEN_OVERHEAD || bytes[0] != TOKEN_VERSION)
		return false;
	if (hf__load_u64(bytes + len - 8) != check_of(s, bytes, len - 8))
		return false;
	return hf__load_u64(bytes + 1) == query;
}

int hf__page_open(struct hf__answer *answer, const char *token, uint64_t query,
                  struct hf__page *page)
{
	*page = (struct hf__page){.query = query};
	if (!token || !token[0])
		return HF_OK;
	const size_t text_len = strnlen(token, TOKEN_TEXT_MAX + 1);
	if (text_len > TOKEN_TEXT_MAX)
		return HF_EINVAL;
	uint8_t *bytes = hf__answer_alloc(answer, text_len);
	size_t len = 0;
	if (!bytes)
		return HF_ENOMEM;
	if (!hf__base64url_decode(token, text_len, bytes, &len) ||
	    !token_ok(answer->store, bytes, len, query))
		return HF_EINVAL;
	page->after = hf_bytes_of(bytes + 9, len - TOKEN_OVERHEAD);
	return HF_OK;
}

int hf__page_token(struct hf__answer *answer, uint64_t query, struct hf_bytes position,
                   const char **out)
{
	const size_t len = position.len + TOKEN_OVERHEAD;
	uint8_t *bytes = hf__answer_alloc(answer, len);
	char *text = hf__answer_alloc(answer, (len * 4 + 2) / 3 + 1);
	if (!bytes || !text)
		return HF_ENOMEM;
	bytes[0] = TOKEN_VERSION;
	hf__store_u64(bytes + 1, query);
	if (position.len > 0)
		memcpy(bytes + 9, position.data, position.len);
	hf__store_u64(bytes + len - 8, check_of(answer->store, bytes, len - 8));
	text[hf__base64url_encode(bytes, len, text)] = '\0';
	*out = text;
	return HF_OK;
}
