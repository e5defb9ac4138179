/* Recovery, what it says when it cannot go on: damage, what could not be read, no memory. */
#include "store/recover/recover.h"

int hf__corrupt(struct hf__recovery *r, uint32_t number, uint64_t offset, const char *why)
{
	char name[HF__NAME_MAX] = "";
	if (number)
		hf__segment_name(number, name);
	return hf__fail_at(r->error, HF_ECORRUPT, number ? name : HF__NAME_WITNESS, offset, "%s", why);
}

int hf__failed_read(struct hf__recovery *r, const char *name, int os_errno)
{
	const int rc = hf__code_of_reading(os_errno);
	char words[96] = "";
	struct hf__text text = {words, sizeof words, 0};
	hf__errno_words(&text, os_errno);
	(void)hf__fail_at(r->error, rc, name, 0, "%s could not be read: %s", name, words);
	if (r->error)
		r->error->os_errno = os_errno;
	return rc;
}

int hf__recovery_no_memory(struct hf__recovery *r)
{
	return hf__fail(r->error, HF_ENOMEM, 0, "no memory to recover the store");
}
