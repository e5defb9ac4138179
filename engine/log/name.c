/* See name.h. */
#include "log/name.h"

#include <string.h>

#define SUFFIX ".tmp"

static const char digits[] = "0123456789abcdef";

void hf__name_put(const struct hf__name *kind, uint64_t number, char out[HF__NAME_MAX])
{
	const size_t prefix = strlen(kind->prefix);
	memcpy(out, kind->prefix, prefix);
	for (size_t i = 0; i < kind->digits; i++)
		out[prefix + i] = digits[number >> (4 * (kind->digits - 1 - i)) & 15u];
	out[prefix + kind->digits] = '\0';
}

void hf__name_put_tmp(const struct hf__name *kind, uint64_t number, char out[HF__NAME_MAX])
{
	hf__name_put(kind, number, out);
	memcpy(out + strlen(out), SUFFIX, sizeof SUFFIX);
}

/* Reads prefix and digits. NULL, or what follows them. */
static const char *parse(const struct hf__name *kind, const char *name, uint64_t *number)
{
	const size_t prefix = strlen(kind->prefix);
	*number = 0;
	if (strncmp(name, kind->prefix, prefix) != 0)
		return NULL;
	for (size_t i = 0; i < kind->digits; i++) {
		const char c = name[prefix + i];
		const char *digit = c ? strchr(digits, c) : NULL;
		if (!digit)
			return NULL; /* the end of the name too: nothing is read past it */
		*number = *number << 4 | (uint64_t)(digit - digits);
	}
	return name + prefix + kind->digits;
}

bool hf__name_parse(const struct hf__name *kind, const char *name, uint64_t *number)
{
	uint64_t value;
	const char *rest = parse(kind, name, &value);
	if (!rest || *rest != '\0')
		return false;
	*number = value;
	return true;
}

bool hf__name_tmp(const struct hf__name *kind, const char *name, uint64_t *number)
{
	const char *rest = parse(kind, name, number);
	return rest && strcmp(rest, SUFFIX) == 0;
}
