/* Names of the log's files: what they are, then a number in hexadecimal digits, lower case. */
#ifndef HF_LOG_NAME_H
#define HF_LOG_NAME_H

#include "log/format.h"

struct hf__name {
	const char *prefix; /* "segment-" */
	unsigned digits;
};

void hf__name_put(const struct hf__name *kind, uint64_t number, char out[HF__NAME_MAX]);
/* The same for what is being made: ".tmp" behind it. */
void hf__name_put_tmp(const struct hf__name *kind, uint64_t number, char out[HF__NAME_MAX]);
/* false: no name of this kind, and *number is as it was. */
bool hf__name_parse(const struct hf__name *kind, const char *name, uint64_t *number);
/* Is it one that is being made? *number is undefined if not. */
bool hf__name_tmp(const struct hf__name *kind, const char *name, uint64_t *number);

#endif
