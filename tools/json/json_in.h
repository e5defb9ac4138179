/* Reads JSON texts without losing how they are written: every value is given as the piece of
 * source text that it is, so that the spelling of numbers, escapes, the order of members, and
 * unknown members survive. Grammar by yajl; the rest of this file's rules: valid UTF-8, at
 * most JSON_DEPTH_MAX arrays and objects inside each other. */
#ifndef TOOLS_JSON_IN_H
#define TOOLS_JSON_IN_H

#include "holdfast/types.h"

enum { JSON_DEPTH_MAX = 200, JSON_WHAT_MAX = 200 };

/* Why a text was refused. */
struct json_fault {
	int code; /* HF_EINVAL: it breaks a rule; HF_ETOOBIG; HF_ENOMEM */
	size_t at; /* byte in the text, counted from 0 */
	char what[JSON_WHAT_MAX]; /* continues a sentence: "is not JSON: ..." */
};

/* Fills it; gives false. */
bool json_refuse(struct json_fault *fault, int code, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

/* "a string"; for sentences. */
const char *json_type_name(enum json_type type);

struct json_member {
	struct hf_bytes name; /* as written, quotes and escapes included */
	struct hf_bytes value; /* as written */
	enum json_type type;
};

/* An object and its members in the order of the text, which they point into. */
struct json_object {
	struct hf_bytes text;
	struct json_member *members;
	size_t count, room;
};

/* Is `text` one JSON value and nothing else? */
HF_CHECKED bool json_check(struct hf_bytes text, struct json_fault *fault);

/* Reads a text that is one object. free it with json_object_free() in every case. */
HF_CHECKED bool json_object_read(struct json_object *object, struct hf_bytes text,
                                 struct json_fault *fault);
void json_object_free(struct json_object *object);

/* The member of that name (plain ASCII; found in any spelling). *out is NULL when there is none.
 * A second one of the name is a fault. */
HF_CHECKED bool json_find(const struct json_object *object, const char *name,
                          const struct json_member **out, struct json_fault *fault);

/* --- Values: `value` is the text of a value that was read before ------------------------------ */

/* The bytes that a string stands for; free(*out). false: no memory (*out NULL), or half of a
 * surrogate pair (*out not NULL). */
HF_CHECKED bool json_string(struct hf_bytes value, char **out, size_t *len);

/* A number times 10^scale, exactly, however it is spelled (1E+2 is 100). A rest below 1 is cut
 * off, and *exact false. false: does not fit. */
HF_CHECKED bool json_integer(struct hf_bytes value, int scale, int64_t *out, bool *exact);

/* The nearest double. false: beyond all finite ones, or no memory. */
HF_CHECKED bool json_real(struct hf_bytes value, double *out);

#endif
