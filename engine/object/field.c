/* See field.h: values taken out of objects and positions, and put into positions. */
#include "object/field.h"

void hf__key_of_object(const struct hf__fields *fields, const void *object, struct hf__key *key)
{
	for (unsigned i = 0; i < fields->count; i++) {
		const struct hf__field *field = &fields->of[i];
		if (field->kind < HF__FIELD_PART)
			key[i].number = hf__field_number(field, (const uint8_t *)object + field->offset);
		else
			key[i].bytes = hf__field_bytes(field, object);
	}
}

void hf__key_of_position(const struct hf__fields *fields, unsigned count, const void *position,
                         struct hf__key *key)
{
	for (unsigned i = 0; i < count && i < fields->count; i++) {
		const struct hf__field *field = &fields->of[i];
		const uint8_t *from = (const uint8_t *)position + field->at;
		if (field->kind < HF__FIELD_PART)
			key[i].number = hf__field_number(field, from);
		else
			key[i].bytes = HF__MEMBER(struct hf_bytes, from, 0);
	}
}

int hf__fields_compare(const struct hf__fields *fields, const void *a, const void *b)
{
	struct hf__key key[HF__FIELDS_MAX];
	hf__key_of_object(fields, b, key);
	return hf__compare_key(fields, fields->count, a, key);
}

int hf__fields_compare_at(const struct hf__fields *fields, unsigned count, const void *object,
                          const void *position)
{
	struct hf__key key[HF__FIELDS_MAX];
	hf__key_of_position(fields, count, position, key);
	return hf__compare_key(fields, count < fields->count ? count : fields->count, object, key);
}

void hf__fields_position(const struct hf__fields *fields, const void *object, void *position)
{
	static const uint8_t sizes[] = {[HF__FIELD_U8] = sizeof(uint8_t),
	                                [HF__FIELD_I32] = sizeof(int32_t),
	                                [HF__FIELD_I64] = sizeof(int64_t),
	                                [HF__FIELD_U64] = sizeof(uint64_t),
	                                [HF__FIELD_F64] = sizeof(double)};
	for (unsigned i = 0; i < fields->count; i++) {
		const struct hf__field *field = &fields->of[i];
		uint8_t *to = (uint8_t *)position + field->at;
		if (field->kind < HF__FIELD_PART)
			memcpy(to, (const uint8_t *)object + field->offset, sizes[field->kind]);
		else
			*(struct hf_bytes *)(void *)to = hf__field_bytes(field, object);
	}
}
