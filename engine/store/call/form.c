/* The arguments of a mutation by their table (engine/api): whether their form is right, and a copy
 * that borrows nothing. What a table cannot say is a verb's own `check` and `copy`. */
#include "store/domain.h"

/* Most members have neither a form nor borrowed bytes: the walks over them, which every mutation
 * makes, pass those by. struct hf_write has none at all. */
#define IS(member, types) (((types) >> (member)->type & 1u) != 0)
#define BYTES (1u << HF_API_KEY | 1u << HF_API_TEXT | 1u << HF_API_BYTES)
#define FORM (BYTES | 1u << HF_API_SPAN)

static bool is_nested(const struct hf_api_member *member)
{
	return member->type == HF_API_STRUCT && member->of != &hf__api_write;
}

/* --- Form ------------------------------------------------------------------------------------- */

int hf__refuse_part(const char *name, struct hf_bytes part, bool may_be_empty, struct hf__text *why)
{
	hf__text_add(why, "%s must have %s%u bytes and no NUL: ", name,
	             may_be_empty ? "at most " : "1 to ", HF_KEY_MAX);
	hf__text_add_quoted(why, part);
	return HF_EINVAL;
}

int hf__check_span(const char *name, int64_t us, struct hf__text *why)
{
	if (us >= 0)
		return HF_OK;
	hf__text_add(why, "%s must not be negative", name);
	return HF_EINVAL;
}

static int check_member(const void *at, const struct hf_api_member *member, struct hf__text *why)
{
	const char *name = member->label ? member->label : member->name;
	if (member->type == HF_API_SPAN)
		return hf__check_span(name, *(const int64_t *)at, why);
	if (member->type == HF_API_KEY)
		return hf__check_part(name, *(const struct hf_bytes *)at, member->optional, why);
	return hf__check_bytes(name, *(const struct hf_bytes *)at,
	                       member->most > 0 ? member->most : SIZE_MAX, why);
}

int hf__check_form(const void *args, const struct hf_api_struct *of, struct hf__text *why)
{
	int rc = HF_OK;
	for (const struct hf_api_member *member = of->members + (of->first != 0);
	     member->name && rc == HF_OK; member++) {
		const void *at = (const uint8_t *)args + member->offset;
		if (IS(member, FORM))
			rc = check_member(at, member, why);
		else if (is_nested(member))
			rc = hf__check_form(at, member->of, why);
	}
	return rc;
}

/* --- Copy ------------------------------------------------------------------------------------- */

bool hf__arena_bytes(struct hf__arena *arena, struct hf_bytes in, struct hf_bytes *out)
{
	const void *copy = in.len > 0 ? hf__arena_copy(arena, in.data, in.len) : "";
	if (!copy)
		return false;
	*out = hf_bytes_of(copy, in.len);
	return true;
}

bool hf__copy_borrowed(struct hf__arena *arena, void *args, const struct hf_api_struct *of)
{
	bool ok = true;
	for (const struct hf_api_member *member = of->members; member->name && ok; member++) {
		void *at = (uint8_t *)args + member->offset;
		if (IS(member, BYTES))
			ok = hf__arena_bytes(arena, *(struct hf_bytes *)at, at);
		else if (is_nested(member))
			ok = hf__copy_borrowed(arena, at, member->of);
	}
	return ok;
}

void *hf__copy_args(struct hf__arena *arena, const void *args, size_t size,
                    const struct hf_api_struct *of)
{
	void *copy = hf__arena_copy(arena, args, size);
	return copy && hf__copy_borrowed(arena, copy, of) ? copy : NULL;
}
