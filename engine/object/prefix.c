/* See prefix.h. How a field stands in a prefix, from its top bit on:
 *
 *   a number of 64 bits that is the first field, or a double: its bits, as they sort
 *   another number of 64 bits: 56 bits, which all times and LSNs fit into that will ever be, and
 *   before those of a time 2 bits, for HF_UNSET and for never
 *   I32: 8 bits, U8: 4 bits
 *   bytes: themselves, 0 and 1 as 1, and a 0 behind the last
 *
 * A number that does not fit into its bits stands as the least or greatest of them, and nothing
 * follows it; nor does anything follow a 0 or 1 among bytes, of which the two look the same. */
#include "object/prefix.h"

struct prefix {
	uint64_t bits;
	unsigned used;
	bool cut; /* not all that was put found room */
};

static void put(struct prefix *p, unsigned width, uint64_t value)
{
	const unsigned left = 64 - p->used;
	if (width > left) {
		p->cut = true;
		value >>= width - left;
		width = left;
	}
	p->bits |= value << (left - width);
	p->used += width;
}

/* The bits of a number, of which `lowest` is below those that fit. false: it does not fit. */
static bool put_small(struct prefix *p, unsigned width, uint64_t value, uint64_t lowest)
{
	const uint64_t greatest = (UINT64_C(1) << width) - 1;
	if (value <= lowest) {
		put(p, width, 0);
		return false;
	}
	const bool fits = value - lowest < greatest;
	put(p, width, fits ? value - lowest : greatest);
	return fits;
}

/* The least and the greatest number of all say "none" or "never": two bits say so, or that others
 * follow. */
static bool put_long(struct prefix *p, uint64_t value, uint64_t lowest)
{
	if (value - lowest - 1 < (UINT64_C(1) << 56) - 2) { /* as below, at once: what is usual */
		put(p, 58, UINT64_C(1) << 56 | (value - lowest));
		return true;
	}
	const bool never = value == UINT64_MAX;
	put(p, 2, never ? 2 : value != 0);
	return never || value == 0 || put_small(p, 56, value, lowest);
}

/* A descending number is the complement of what it would be: its middle too. */
static uint64_t lowest_of(const struct hf__field *field, uint64_t middle, unsigned width)
{
	const uint64_t half = UINT64_C(1) << (width - 1);
	return (field->descending ? ~middle : middle) - half;
}

/* false: nothing may follow. */
static bool put_number(struct prefix *p, const struct hf__field *field, uint64_t number)
{
	if (field->kind == HF__FIELD_F64 || (p->used == 0 && field->kind <= HF__FIELD_U64)) {
		put(p, 64, number);
		return true;
	}
	if (field->kind == HF__FIELD_I64)
		return put_long(p, number, lowest_of(field, HF__SIGN_BIT, 56));
	if (field->kind == HF__FIELD_I32)
		return put_small(p, 8, number, lowest_of(field, HF__SIGN_BIT, 8));
	/* Of numbers without a sign the least is a common one: it fits. */
	const unsigned width = field->kind == HF__FIELD_U8 ? 4 : 56;
	const uint64_t greatest = (UINT64_C(1) << width) - 1;
	const uint64_t value = field->descending ? ~number : number;
	const uint64_t bits = value < greatest ? value : greatest;
	put(p, width, field->descending ? greatest - bits : bits);
	return bits < greatest;
}

static bool put_bytes(struct prefix *p, struct hf_bytes bytes)
{
	const uint8_t *data = bytes.data;
	for (size_t i = 0; i < bytes.len && p->used < 64; i++) {
		const bool low = data[i] <= 1;
		put(p, 8, low ? 1 : data[i]);
		if (low)
			return false;
	}
	put(p, 8, 0);
	return true;
}

/* Of the usual first field. Fewer are followed by zeros. */
static uint64_t first_eight(struct hf_bytes bytes)
{
	uint64_t word = 0;
	if (bytes.len >= sizeof word)
		memcpy(&word, bytes.data, sizeof word);
	else
		memcpy(&word, bytes.data, bytes.len);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* None of its first `len` bytes, at most 8 and at least 1, is 0 or 1. */
static bool plain(uint64_t word, size_t len)
{
	const uint64_t ones = UINT64_MAX / 255;
	word |= len < 8 ? 2 * ones >> 8 * len : 0;
	return ((word - 2 * ones) & ~word & ones << 7) == 0;
}

uint64_t hf__prefix_of_others(const struct hf__fields *fields, const void *object)
{
	const struct hf__field *field = fields->of;
	struct prefix p = {0};
	/* a group, which most objects have none of, is then eight bits of zeros */
	if (field->kind == HF__FIELD_BLOB && !HF__MEMBER(struct hf__blob *, object, field->offset)) {
		p.used = 8;
		field++;
	}
	for (; field < fields->of + fields->count && p.used < 64; field++) {
		if (field->kind < HF__FIELD_PART) {
			if (!put_number(&p, field,
			                hf__field_number(field, (const uint8_t *)object + field->offset)))
				break;
			continue;
		}
		const struct hf_bytes bytes = hf__field_bytes(field, object);
		const uint64_t word = p.used == 0 && bytes.len > 0 ? first_eight(bytes) : 0;
		if (word != 0 && plain(word, bytes.len)) {
			if (bytes.len >= 7)
				return word;
			p.bits = word; /* and a 0 behind the last */
			p.used = 8 * (unsigned)bytes.len + 8;
		} else if (!put_bytes(&p, bytes)) {
			break;
		}
	}
	return p.bits;
}

uint64_t hf__prefix_of_key(const struct hf__fields *fields, unsigned count,
                           const struct hf__key *key, uint64_t *mask, bool *whole)
{
	struct prefix p = {0};
	unsigned i = 0;
	for (; i < count && p.used < 64; i++) {
		const struct hf__field *field = &fields->of[i];
		if (field->kind < HF__FIELD_PART ? !put_number(&p, field, key[i].number)
		                                 : !put_bytes(&p, key[i].bytes))
			break;
	}
	*whole = i == count && !p.cut;
	*mask = p.used == 0 ? 0 : UINT64_MAX << (64 - p.used);
	return p.bits;
}
