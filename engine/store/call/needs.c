/* An answer is given only where what belongs to it can be read: a claim that was written, and
 * whose payload cannot be read, would be charged to its item. So once the operations have
 * decided, and before anything is kept, the segments of all payloads that they would give back
 * are pinned. If one has to be opened first, the decision is taken back, the file opened without
 * the lock, and the operations decide again; what was opened stays pinned, so that this ends. */
#include <errno.h>

#include "store/call/needs.h"

int hf__needs_look(struct hf_store *s, const struct hf__op *ops, size_t count,
                   struct hf__needs *needs)
{
	int rc = HF_OK;
	for (size_t i = 0; i < count && rc == HF_OK; i++)
		if (ops[i].answer)
			rc = hf__answer_wants(s, ops[i].answer, &needs->pins, &needs->missing);
	return rc;
}

int hf__needs_open(struct hf_store *s, struct hf__needs *needs, struct hf_error *error)
{
	char name[HF__NAME_MAX], words[96] = "";
	struct hf__text why = {words, sizeof words, 0};
	uint32_t segment = 0;
	uint8_t reading = 0;
	hf__reader_enter(s, &reading);
	(void)pthread_mutex_unlock(&s->lock);
	const int rc = hf__pins_get(s, &needs->pins, &needs->missing, &segment);
	(void)pthread_mutex_lock(&s->lock);
	hf__reader_leave(s, &reading);
	if (rc == 0)
		return HF_OK;
	hf__segment_name(segment, name);
	hf__errno_words(&why, rc);
	const int code = rc == ENOENT ? HF_ECORRUPT : hf__code_of_reading(rc);
	(void)hf__fail_at(error, code, name, 0,
	                  "nothing was done: the payload to give back cannot be read: %s", words);
	if (error)
		error->os_errno = rc;
	return code;
}

/* The last answer keeps what all of them need: answers are loaded in order. */
void hf__needs_give(const struct hf__op *ops, size_t count, struct hf__needs *needs)
{
	for (size_t i = count; i > 0 && needs->pins.count > 0; i--) {
		if (!ops[i - 1].answer || !ops[i - 1].answer->loads)
			continue;
		ops[i - 1].answer->pins = needs->pins;
		needs->pins = (struct hf__pins){0};
	}
}

void hf__needs_drop(struct hf_store *s, struct hf__needs *needs)
{
	hf__pins_drop(s, &needs->pins);
	hf__free(needs->missing.segments);
	needs->missing = (struct hf__pins){0};
}
