/* See sized.h. */
#include "store/call/sized.h"

#include <string.h>

#include "base/bytes.h"
#include "store/call/error.h"

/* As the caller was compiled with it. */
static size_t callers_size(const struct hf_api_struct *of, const void *given)
{
	const size_t size = hf__size_of(given);
	return size == 0 ? of->first : size;
}

static bool is_a_size(const struct hf_api_struct *of, size_t size)
{
	return size >= of->first && size <= HF__SIZED_MOST;
}

static int refuse_never(const struct hf_api_struct *of, size_t size, struct hf__text *why)
{
	hf__text_add(why, "struct %s never had a size of %zu bytes: zero it, or set sizeof", of->name,
	             size);
	return HF_EINVAL;
}

/* --- Handed in -------------------------------------------------------------------------------- */

static bool is_understood(const struct hf_api_struct *of, const void *given, size_t size)
{
	if (!is_a_size(of, size))
		return false;
	return size <= of->size || hf__bytes_zero((const uint8_t *)given + of->size, size - of->size);
}

const void *hf__take(const struct hf_api_struct *of, const void *given, void *today)
{
	size_t *says = today;
	memset(today, 0, of->size);
	if (!given)
		return today;
	const size_t size = callers_size(of, given);
	*says = size;
	if (is_understood(of, given, size)) {
		memcpy(today, given, size < of->size ? size : of->size);
		*says = of->size;
	}
	return today;
}

int hf__refuse_size(const struct hf_api_struct *of, const void *args, struct hf__text *why)
{
	const size_t size = hf__size_of(args);
	if (!is_a_size(of, size))
		return refuse_never(of, size, why);
	hf__text_add(why,
	             "struct %s has %zu bytes, of which this version knows %zu, and behind those "
	             "something is set",
	             of->name, size, of->size);
	return HF_EINVAL;
}

/* --- Filled ----------------------------------------------------------------------------------- */

bool hf__may_give(const struct hf_api_struct *of, const void *out)
{
	return out && is_a_size(of, callers_size(of, out));
}

int hf__check_given(const struct hf_api_struct *of, const void *out, struct hf__text *why)
{
	if (!out || hf__may_give(of, out))
		return HF_OK;
	return refuse_never(of, hf__size_of(out), why);
}

void hf__give(const struct hf_api_struct *of, void *out, const void *today)
{
	const size_t head = sizeof(size_t);
	if (!hf__may_give(of, out))
		return;
	const size_t size = callers_size(of, out);
	const size_t known = size < of->size ? size : of->size;
	memcpy((uint8_t *)out + head, (const uint8_t *)today + head, known - head);
}

void hf__clear(const struct hf_api_struct *of, void *out)
{
	static const union hf__sized nothing = {.bytes = {0}};
	hf__give(of, out, &nothing);
}

/* --- In an error ------------------------------------------------------------------------------ */

static int fail(int rc, const char *why, struct hf_error *error)
{
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "%s", why);
}

int hf__took(const struct hf_api_struct *of, const void *args, struct hf_error *error)
{
	char why[HF_ERROR_TEXT] = "";
	struct hf__text text = {why, sizeof why, 0};
	return fail(hf__check_size(of, args, &text), why, error);
}

int hf__can_give(const struct hf_api_struct *of, const void *out, struct hf_error *error)
{
	char why[HF_ERROR_TEXT] = "";
	struct hf__text text = {why, sizeof why, 0};
	return fail(hf__check_given(of, out, &text), why, error);
}
