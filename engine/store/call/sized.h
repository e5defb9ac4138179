/* Structs that begin with their size, at the public boundary: what a caller was compiled with
 * becomes today's struct, and what the library fills goes back as far as the caller's reaches. By
 * the rows of engine/api, so that no call does it by hand. Happy path: the caller's struct is
 * today's and is used where it lies. Failure modes: HF_EINVAL for a size that no release had, and
 * for a longer struct that says something this version does not know.
 *
 * I-SIZE-1: no byte of a caller's struct behind its size is read or written. I-SIZE-2: behind the
 * boundary every struct has all of today's members. (docs/interface/struct-sizes.md) */
#ifndef HF_STORE_SIZED_H
#define HF_STORE_SIZED_H

#include <string.h>

#include "api/api.h"
#include "base/text.h"
#include "store/call/call.h"

/* No struct is that large: what says so was not zeroed. Today's are smaller than the second. */
#define HF__SIZED_MOST ((size_t)65536)
#define HF__SIZED_TODAY ((size_t)2048)

/* Room for any struct as it is today. */
union hf__sized {
	size_t size;
	max_align_t align;
	uint8_t bytes[HF__SIZED_TODAY];
};

static inline size_t hf__size_of(const void *given)
{
	const size_t *size = given;
	return *size;
}

/* Is what the caller has the struct as it is today? */
static inline bool hf__is_today(const struct hf_api_struct *of, const void *given)
{
	const size_t size = hf__size_of(given);
	return size == of->size || (size == 0 && of->first == of->size);
}

/* --- Handed in -------------------------------------------------------------------------------- */

/* What was handed in as today's struct, in `today`: members that the caller's lacks are zero. Where
 * that cannot be done all are, and the size stays what it was: hf__took() and every mutation refuse
 * it. NULL gives zeros. */
const void *hf__take(const struct hf_api_struct *of, const void *given, void *today);
/* The same in place of a pointer called `args` to a struct of this name without its hf_. */
#define HF__TAKE(tag, args) \
	struct hf_##tag hf__today; \
	if (!(args) || !hf__is_today(&hf__api_##tag, args)) \
	(args) = hf__take(&hf__api_##tag, args, &hf__today)
/* Did that go well? HF_OK or HF_EINVAL. */
HF_CHECKED int hf__took(const struct hf_api_struct *of, const void *args, struct hf_error *error);
/* The same for a check of form. */
HF_CHECKED int hf__refuse_size(const struct hf_api_struct *of, const void *args,
                               struct hf__text *why);
HF_CHECKED static inline int hf__check_size(const struct hf_api_struct *of, const void *args,
                                            struct hf__text *why)
{
	const size_t size = hf__size_of(args);
	return size == 0 || size == of->size ? HF_OK : hf__refuse_size(of, args, why);
}

/* --- Filled ----------------------------------------------------------------------------------- */

/* May it be filled? `out` may be NULL. HF_OK, or HF_EINVAL for a size that no release had. */
HF_CHECKED int hf__can_give(const struct hf_api_struct *of, const void *out,
                            struct hf_error *error);
HF_CHECKED int hf__check_given(const struct hf_api_struct *of, const void *out,
                               struct hf__text *why);
/* The same, without a reason; false for NULL. */
bool hf__may_give(const struct hf_api_struct *of, const void *out);
/* Fills the caller's struct from today's; its size stays, and so does what this version does not
 * know of it. One that may not be filled, and NULL, is left alone. */
void hf__give(const struct hf_api_struct *of, void *out, const void *today);
/* The same with zeros. */
void hf__clear(const struct hf_api_struct *of, void *out);

/* Both for results, which every mutation fills. */
static inline void hf__give_result(struct hf_result *out, const struct hf_result *today)
{
	hf__give(&hf__api_result, out, today);
}

/* One that is as it is today. */
static inline void hf__zero_result(struct hf_result *out)
{
	memset((uint8_t *)out + sizeof out->size, 0, sizeof *out - sizeof out->size);
}

static inline void hf__clear_result(struct hf_result *out)
{
	hf__clear(&hf__api_result, out);
}

#endif
