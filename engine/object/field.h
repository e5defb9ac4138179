/* What an index sorts by, declared: the fields of an object, in which order they count, and where
 * the same fields stand in a position.
 *
 * A position is a plain struct of the domain's own that says where an object stands: its numbers
 * and borrowed bytes. It serves as the bound of a range, as what a page token holds, and as what
 * an object is compared with that is not there any more. Comparing, seeking and filling positions
 * follow from one table of fields; nothing else knows how they are compared. */
#ifndef HF_OBJECT_FIELD_H
#define HF_OBJECT_FIELD_H

#include "object/object.h"

enum hf__field_kind {
	HF__FIELD_I64,
	HF__FIELD_U64,
	HF__FIELD_U8, /* and bool */
	HF__FIELD_I32,
	HF__FIELD_F64, /* not NaN; -0 comes before 0 */
	/* From here on bytes, a struct hf_bytes in a position. */
	HF__FIELD_PART, /* one of several strings behind each other, whose lengths are uint16_t[] */
	HF__FIELD_OWNER, /* a PART of the object's container */
	HF__FIELD_BLOB, /* of a struct hf__blob *, which may be NULL */
	HF__FIELD_CALL, /* what a function gives */
};

struct hf__field {
	uint8_t kind; /* enum hf__field_kind */
	bool descending; /* of numbers */
	uint8_t part; /* PART, OWNER: which of the strings */
	uint16_t at; /* where it lies in a position */
	uint16_t offset; /* in the object: the number, the blob pointer, or the first of the strings */
	uint16_t lens; /* PART, OWNER: where the lengths lie */
	struct hf_bytes (*bytes)(const void *object); /* CALL */
};

#define HF__FIELDS_MAX 6u

struct hf__fields {
	unsigned count;
	struct hf__field of[HF__FIELDS_MAX];
};

/* Rows of such a table: `member` of an object is `name` of a position. */
#define HF__FIELD(field_kind, object, member, position, name) \
	{ \
		.kind = (field_kind), .at = offsetof(position, name), .offset = offsetof(object, member) \
	}
#define HF__DESCENDING(field_kind, object, member, position, name) \
	{ \
		.kind = (field_kind), .descending = true, .at = offsetof(position, name), \
		.offset = offsetof(object, member) \
	}
#define HF__PART(object, text_member, lens_member, i, position, name) \
	{ \
		.kind = HF__FIELD_PART, .part = (i), .at = offsetof(position, name), \
		.offset = offsetof(object, text_member), .lens = offsetof(object, lens_member) \
	}

/* The value of one field, taken out to be compared with many objects: a number as what sorts like
 * it. A key is an array of these, HF__FIELDS_MAX at most. */
struct hf__key {
	union {
		uint64_t number;
		struct hf_bytes bytes;
	};
};

void hf__key_of_object(const struct hf__fields *fields, const void *object, struct hf__key *key);
/* Of the first `count` fields, or of all if that are fewer. */
void hf__key_of_position(const struct hf__fields *fields, unsigned count, const void *position,
                         struct hf__key *key);
/* Fills these fields of a position; bytes are borrowed from the object. */
void hf__fields_position(const struct hf__fields *fields, const void *object, void *position);

/* <0, 0, >0: two objects by all fields. */
int hf__fields_compare(const struct hf__fields *fields, const void *a, const void *b);
/* The same by the first `count` fields of an object and a position. */
int hf__fields_compare_at(const struct hf__fields *fields, unsigned count, const void *object,
                          const void *position);

/* --- Comparing -------------------------------------------------------------------------------- */

/* Inline, since this is most of what an opening costs: numbers are loaded from where they lie,
 * bytes are looked at in place, and what is the same memory is equal without a look. */

#define HF__MEMBER(type, from, offset) \
	(*(const type *)(const void *)((const uint8_t *)(from) + (offset)))
#define HF__SIGN_BIT (UINT64_C(1) << 63)

/* The other kinds of numbers than the usual ones. Doubles by their bits, so that no compiler flag
 * of a host makes it another order: they grow with them, negative ones downward. */
static inline uint64_t hf__field_other_number(unsigned kind, const void *there)
{
	if (kind == HF__FIELD_U8)
		return HF__MEMBER(uint8_t, there, 0);
	if (kind == HF__FIELD_I32)
		return (uint64_t)HF__MEMBER(int32_t, there, 0) ^ HF__SIGN_BIT;
	uint64_t bits;
	memcpy(&bits, there, sizeof bits);
	return bits & HF__SIGN_BIT ? ~bits : bits | HF__SIGN_BIT;
}

/* What sorts as the number does that lies there. */
static inline uint64_t hf__field_number(const struct hf__field *field, const void *there)
{
	const uint64_t number =
	    field->kind <= HF__FIELD_U64
	        ? HF__MEMBER(uint64_t, there, 0) ^ (uint64_t)(field->kind == HF__FIELD_I64) << 63
	        : hf__field_other_number(field->kind, there);
	return number ^ (0 - (uint64_t)field->descending);
}

static inline struct hf_bytes hf__field_bytes(const struct hf__field *field, const void *object)
{
	if (field->kind > HF__FIELD_OWNER)
		return field->kind == HF__FIELD_CALL
		           ? field->bytes(object)
		           : hf__blob_bytes(HF__MEMBER(struct hf__blob *, object, field->offset));
	if (field->kind == HF__FIELD_OWNER)
		object = ((const struct hf__object *)object)->container;
	const uint16_t *lens = &HF__MEMBER(uint16_t, object, field->lens);
	const uint8_t *text = (const uint8_t *)object + field->offset;
	for (unsigned i = field->part; i > 0; i--)
		text += *lens++;
	return hf_bytes_of(text, *lens);
}

static inline int hf__field_compare_bytes(struct hf_bytes a, struct hf_bytes b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int sign = len == 0 || a.data == b.data ? 0 : memcmp(a.data, b.data, len);
	return sign ? sign : (a.len > b.len) - (a.len < b.len);
}

/* <0, 0, >0: an object and a key, by the first `count` fields, at most all. */
static inline int hf__compare_key(const struct hf__fields *fields, unsigned count,
                                  const void *object, const struct hf__key *key)
{
	const struct hf__field *const end = fields->of + count;
	for (const struct hf__field *field = fields->of; field < end; field++, key++) {
		if (field->kind < HF__FIELD_PART) {
			const uint64_t own = hf__field_number(field, (const uint8_t *)object + field->offset);
			if (own != key->number)
				return own < key->number ? -1 : 1;
			continue;
		}
		const int sign = hf__field_compare_bytes(hf__field_bytes(field, object), key->bytes);
		if (sign)
			return sign;
	}
	return 0;
}

#endif
