/* What a scrub found, as it is told. */
#include "store/scrub/round.h"

static bool same(const struct hf__scrub_known *a, const struct hf__scrub_known *b)
{
	return a->code == b->code && a->offset == b->offset && strcmp(a->file, b->file) == 0;
}

/* Was it not known? Without memory to remember it, it is counted again. The lock is held. */
static bool remember(struct hf__scrub *scrub, const struct hf__scrub_known *found)
{
	for (size_t i = 0; i < scrub->count; i++)
		if (same(&scrub->known[i], found))
			return false;
	struct hf__scrub_known *more =
	    hf__grown(scrub->known, scrub->count, &scrub->cap, sizeof *more, 4);
	if (!more)
		return true;
	scrub->known = more;
	scrub->known[scrub->count++] = *found;
	return true;
}

void hf__scrub_found(struct hf__scrub_round *r, int code, const struct hf__snapshot_fault *fault)
{
	struct hf_store *s = r->store;
	struct hf_info *info = &s->info;
	struct hf__scrub_known found = {.offset = fault->at, .code = code};
	memcpy(found.file, r->file.name, sizeof found.file);
	if (r->code == HF_OK) {
		r->code = hf__fail_at(&r->first, code, found.file, fault->at, "scrub of %s: %s", found.file,
		                      fault->what ? fault->what : "it is damaged");
		r->first.os_errno = fault->os_errno;
	}
	(void)pthread_mutex_lock(&s->lock);
	if (remember(&s->scrub, &found)) {
		info->scrub_findings++;
		memset(info->scrub_file, 0, sizeof info->scrub_file);
		memcpy(info->scrub_file, found.file, sizeof found.file);
		info->scrub_offset = found.offset;
		info->scrub_code = code;
		info->scrub_at = hf__clock(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

void hf__scrub_verified(struct hf__scrub_round *r)
{
	struct hf_store *s = r->store;
	(void)pthread_mutex_lock(&s->lock);
	for (size_t i = s->scrub.count; i > 0; i--)
		if (strcmp(s->scrub.known[i - 1].file, r->file.name) == 0)
			s->scrub.known[i - 1] = s->scrub.known[--s->scrub.count];
	(void)pthread_mutex_unlock(&s->lock);
}
