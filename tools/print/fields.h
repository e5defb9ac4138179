/* Members of an object as values, with one sentence for each way in which they can be wrong:
 * "id" is a number, not a string. A member that is missing or null leaves *out as it was, and
 * *found (nullable) says so. */
#ifndef TOOLS_FIELDS_H
#define TOOLS_FIELDS_H

#include "print/buffer.h"
#include "json/json_in.h"

/* Texts that were decoded, until the object is done with. */
struct field_texts {
	char *data[16];
	size_t count;
};

void field_texts_free(struct field_texts *texts);

/* The object that is read, and where what is wrong with it is reported. */
struct fields {
	const struct json_object *object;
	struct field_texts *texts;
	struct json_fault *fault;
};

/* The bytes of string `value`, kept in `texts`. `name` is for the sentence. */
HF_CHECKED bool field_decode(const struct fields *f, const char *name, struct hf_bytes value,
                             struct hf_bytes *out);

HF_CHECKED bool field_string(const struct fields *f, const char *name, struct hf_bytes *out,
                             bool *found);
/* The same for a part of a key: 1 to 512 bytes, no NUL; empty is right with `may_be_empty`. */
HF_CHECKED bool field_key(const struct fields *f, const char *name, bool may_be_empty,
                          struct hf_bytes *out, bool *found);
HF_CHECKED bool field_boolean(const struct fields *f, const char *name, bool *out);
HF_CHECKED bool field_real(const struct fields *f, const char *name, double *out);
HF_CHECKED bool field_u32(const struct fields *f, const char *name, uint32_t *out);
/* Milliseconds as a number, to microseconds. */
HF_CHECKED bool field_milliseconds(const struct fields *f, const char *name, int64_t *out);
/* RFC 3339 as a string, cut off after microseconds, in UTC where it has no zone; null is
 * HF_UNSET. */
HF_CHECKED bool field_time(const struct fields *f, const char *name, hf_time *out);

#endif
