/* See error.h. */
#include "store/error.h"

#include <errno.h>
#include <stdarg.h>

static const char *const code_names[] = {
    "HF_OK",       "HF_EINVAL",     "HF_ENOTFOUND", "HF_ECONFLICT", "HF_ECLAIMED",  "HF_EHELD",    "HF_ESTALE",    "HF_ENONMONOTONIC",
    "HF_EREASON",  "HF_ELOCKED",    "HF_EBLOCKED",  "HF_ETIMEDOUT", "HF_ECANCELED", "HF_EGONE",    "HF_ETOOBIG",   "HF_ENOMEM",
    "HF_ENOSPACE", "HF_EUNCERTAIN", "HF_EFAILED",   "HF_EIO",       "HF_ECORRUPT",  "HF_EVERSION", "HF_EUNSAFEFS", "HF_EREADONLY",
    "HF_EFORK",    "HF_ELAGGED",
};

const char *hf_code_name(int code)
{
	if (code < 0 || (size_t)code >= sizeof code_names / sizeof code_names[0])
		return "unknown code";
	return code_names[code];
}

__attribute__((format(printf, 4, 0))) static void fill(struct hf_error *error, int code, int os_errno, const char *format,
                                                       va_list arguments)
{
	memset(error, 0, sizeof *error);
	error->code = code;
	error->os_errno = os_errno;
	/* Cut, never overrun: the sentence is for people. */
	struct hf__text text = {error->text, sizeof error->text, 0};
	hf__text_addv(&text, format, arguments);
}

int hf__fail(struct hf_error *error, int code, int os_errno, const char *format, ...)
{
	va_list arguments;
	if (!error)
		return code;
	va_start(arguments, format);
	fill(error, code, os_errno, format, arguments);
	va_end(arguments);
	return code;
}

int hf__fail_at(struct hf_error *error, int code, const char *file, uint64_t offset, const char *format, ...)
{
	va_list arguments;
	if (!error)
		return code;
	va_start(arguments, format);
	fill(error, code, 0, format, arguments);
	va_end(arguments);
	struct hf__text name = {error->file, sizeof error->file, 0};
	hf__text_add(&name, "%s", file);
	error->offset = offset;
	return code;
}

int hf__code_of_errno(int os_errno)
{
	switch (os_errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return HF_ENOSPACE;
	case ENOMEM:
		return HF_ENOMEM;
	case ENOENT:
	case ENOTDIR:
		return HF_ENOTFOUND;
	case EAGAIN:
		return HF_ELOCKED;
	default:
		return HF_EIO;
	}
}

int hf__os_failed(struct hf_error *error, const char *what, int rc)
{
	return hf__fail(error, hf__code_of_errno(rc), rc, "%s (error %d)", what, rc);
}
