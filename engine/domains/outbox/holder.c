/* Who works on an item: one blob of its value, so that an item that nobody works on pays 8
 * bytes. */
#include "domains/outbox/apply.h"

/* The bytes of a claim: four numbers and the owner. */
#define CLAIM_NUMBERS 4u

struct hf__outbox_holder hf__outbox_claim_of(const struct hf__outbox_value *value)
{
	const struct hf_bytes bytes = hf__blob_bytes(value->claim);
	uint64_t numbers[CLAIM_NUMBERS];
	if (bytes.len == 0)
		return (struct hf__outbox_holder){.lease_until = HF_UNSET, .run_until = HF_UNSET};
	memcpy(numbers, bytes.data, sizeof numbers);
	return (struct hf__outbox_holder){
	    .token = numbers[0],
	    .lease_until = (int64_t)numbers[1],
	    .run_until = (int64_t)numbers[2],
	    .session = numbers[3],
	    .owner =
	        hf_bytes_of((const uint8_t *)bytes.data + sizeof numbers, bytes.len - sizeof numbers),
	};
}

bool hf__outbox_keep_claim(const struct hf__outbox_value *old, const struct hf__outbox_image *image,
                           int64_t setback, struct hf__blob **out)
{
	const uint64_t numbers[CLAIM_NUMBERS] = {
	    image->token, (uint64_t)hf__to_mono(image->lease_until, setback),
	    (uint64_t)hf__to_mono(image->run_until, setback), image->session};
	uint8_t bytes[sizeof numbers + HF_KEY_MAX];
	if (image->status != HF_OUTBOX_SENDING) {
		*out = NULL;
		return true;
	}
	memcpy(bytes, numbers, sizeof numbers);
	if (image->owner.len > 0)
		memcpy(bytes + sizeof numbers, image->owner.data, image->owner.len);
	return hf__blob_keep(old->claim, hf_bytes_of(bytes, sizeof numbers + image->owner.len), out);
}
