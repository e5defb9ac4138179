/* Answers: memory that a read or a claim fills under the lock, and payloads that are loaded from
 * disk after the wait. */
#include "store/internal.h"

struct hf__answer_load {
	struct hf__answer_load *next;
	struct hf__payload payload; /* of a value that may be gone by then: segments are not */
	uint8_t *to;
	struct hf_bytes *out; /* what the caller sees: nothing when it cannot be read */
};

struct hf_memory {
	struct hf__arena arena;
};

void *hf__answer_alloc(struct hf__answer *answer, size_t size)
{
	return hf__arena_alloc(&answer->memory, size);
}

void *hf__answer_items(struct hf__answer *answer, size_t size)
{
	return hf__arena_alloc(answer->scratch ? answer->scratch : &answer->memory, size);
}

int hf__answer_bytes(struct hf__answer *answer, struct hf_bytes in, struct hf_bytes *out)
{
	uint8_t *copy = hf__arena_room(&answer->memory, in.len + 1);
	if (!copy)
		return HF_ENOMEM;
	hf__copy(copy, in.data, in.len);
	copy[in.len] = 0; /* for people who print */
	*out = hf_bytes_of(copy, in.len);
	return HF_OK;
}

static int load_later(struct hf__answer *answer, const struct hf__payload *payload, uint8_t *to,
                      struct hf_bytes *out)
{
	struct hf__answer_load *load = hf__arena_alloc(&answer->memory, sizeof *load);
	if (!load)
		return HF_ENOMEM;
	hf__reader_enter(answer->store, &answer->reading);
	load->payload = *payload;
	load->to = to;
	load->out = out;
	load->next = answer->loads;
	answer->loads = load;
	return HF_OK;
}

int hf__answer_payload(struct hf__answer *answer, const struct hf__kept *kept, struct hf_bytes *out)
{
	if (answer->dry || answer->without_payload) {
		*out = hf_bytes_of(NULL, 0);
		return HF_OK;
	}
	if (!hf__blob_refers(kept->bytes))
		return hf__answer_bytes(answer, hf__blob_bytes(kept->bytes), out);
	const struct hf__payload payload = hf__payload_of(kept);
	uint8_t *copy = hf__arena_alloc(&answer->memory, (size_t)payload.len + 1);
	if (!copy)
		return HF_ENOMEM;
	*out = hf_bytes_of(copy, payload.len);
	if (hf__payload_from_buffer(answer->store, &payload, copy))
		return HF_OK;
	if (answer->sent.len > 0 && hf__payload_equal(&answer->store->world.env, kept, answer->sent)) {
		memcpy(copy, answer->sent.data, answer->sent.len);
		return HF_OK;
	}
	return load_later(answer, &payload, copy, out);
}

void hf__answer_moved(struct hf__answer *answer, const void *from, size_t size, void *to)
{
	const uint8_t *first = from;
	for (struct hf__answer_load *load = answer->loads; load; load = load->next) {
		const uint8_t *out = (const void *)load->out;
		if (out >= first && out < first + size)
			load->out = (void *)((uint8_t *)to + (out - first));
	}
}

static int load_one(struct hf_store *s, struct hf__payload_file *file,
                    const struct hf__answer_load *load, struct hf_error *error)
{
	char name[HF__NAME_MAX], words[96] = "";
	struct hf__text why = {words, sizeof words, 0};
	const int rc = hf__payload_load(s, file, &load->payload, load->to);
	if (rc == HF_OK)
		return rc;
	*load->out = hf_bytes_of(NULL, 0);
	hf__payload_file_name(s, &load->payload, name);
	if (rc == HF_EFAILED)
		return hf__fail_at(error, rc, name, load->payload.offset,
		                   "the store failed before this payload was durable: reopen it");
	if (rc == HF_ECORRUPT)
		return hf__fail_at(error, rc, name, load->payload.offset, "a payload is damaged on disk");
	hf__errno_words(&why, file->os_errno);
	(void)hf__fail_at(error, rc, name, load->payload.offset, "a payload could not be read: %s",
	                  words);
	if (error)
		error->os_errno = file->os_errno;
	return rc;
}

int hf__answer_load_all(struct hf_store *s, struct hf__answer *answer, struct hf_error *error)
{
	struct hf__payload_file file = {0};
	int first = HF_OK;
	for (const struct hf__answer_load *load = answer->loads; load; load = load->next) {
		const int rc = load_one(s, &file, load, first == HF_OK ? error : NULL);
		first = first == HF_OK ? rc : first;
	}
	hf__payload_file_close(s, &file);
	answer->loads = NULL;
	hf__pins_drop(s, &answer->pins);
	hf__reader_leave(s, &answer->reading);
	return first;
}

int hf__answer_wants(struct hf_store *s, const struct hf__answer *answer, struct hf__pins *pins,
                     struct hf__pins *missing)
{
	for (const struct hf__answer_load *load = answer->loads; load; load = load->next) {
		if (load->payload.in_snapshot) /* its file is open as long as this answer */
			continue;
		const int rc = hf__pins_want(s, pins, missing, load->payload.segment);
		if (rc != HF_OK)
			return rc;
	}
	return HF_OK;
}

void hf__answer_reset(struct hf__answer *answer)
{
	hf__arena_deinit(&answer->memory);
	answer->loads = NULL;
	if (answer->pins.count > 0)
		hf__pins_drop(answer->store, &answer->pins);
	hf__reader_leave(answer->store, &answer->reading);
}

/* It stands in the memory that it holds: an answer is one block, not two. */
struct hf_memory *hf__answer_give(struct hf__answer *answer)
{
	struct hf_memory *memory = hf__arena_room(&answer->memory, sizeof *memory);
	if (!memory) {
		hf__answer_reset(answer);
		return NULL;
	}
	memory->arena = answer->memory;
	/* loads, if any, go into the memory that was given: see domain.h */
	answer->memory = (struct hf__arena){0};
	return memory;
}

void hf_release(struct hf_memory *memory)
{
	HF__CALL;
	if (!memory)
		return;
	struct hf__arena arena = memory->arena;
	hf__arena_deinit(&arena);
}
