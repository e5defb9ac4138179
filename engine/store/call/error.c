/* See error.h. */
#include "store/call/error.h"

#include <errno.h>
#include <stdarg.h>

static const char *const code_names[] = {
    "HF_OK",       "HF_EINVAL",    "HF_ENOTFOUND",     "HF_ECONFLICT", "HF_ECLAIMED",
    "HF_EHELD",    "HF_ESTALE",    "HF_ENONMONOTONIC", "HF_EREASON",   "HF_ELOCKED",
    "HF_EBLOCKED", "HF_ETIMEDOUT", "HF_ECANCELED",     "HF_EGONE",     "HF_ETOOBIG",
    "HF_ENOMEM",   "HF_ENOSPACE",  "HF_EUNCERTAIN",    "HF_EFAILED",   "HF_EIO",
    "HF_ECORRUPT", "HF_EVERSION",  "HF_EUNSAFEFS",     "HF_EREADONLY", "HF_EFORK",
    "HF_ELAGGED",  "HF_EACCESS",
};

const char *hf_code_name(int code)
{
	HF__CALL;
	if (code < 0 || (size_t)code >= sizeof code_names / sizeof code_names[0])
		return "unknown code";
	return code_names[code];
}

__attribute__((format(printf, 4, 0))) static void
fill(struct hf_error *error, int code, int os_errno, const char *format, va_list arguments)
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

/* What to run next, for each caller that is told of damage: it may have no tool of ours. */
static const char next_step[] =
    "; 'holdfast fsck' says what is lost, 'holdfast salvage FROM TO' makes a store of the rest";

/* A long sentence makes room for it, at the end of a character. */
static void add_next_step(struct hf_error *error)
{
	const size_t room = sizeof error->text - sizeof next_step;
	size_t len = strlen(error->text);
	if (len > room)
		for (len = room; len > 0 && ((unsigned char)error->text[len] & 0xc0) == 0x80;)
			len--;
	memcpy(error->text + len, next_step, sizeof next_step);
}

void hf__error_cut_next_step(char *text)
{
	char *at = strstr(text, next_step);
	if (at)
		memmove(at, at + sizeof next_step - 1, strlen(at + sizeof next_step - 1) + 1);
}

int hf__fail_at(struct hf_error *error, int code, const char *file, uint64_t offset,
                const char *format, ...)
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
	if (code == HF_ECORRUPT && file[0] != '\0')
		add_next_step(error);
	return code;
}

/* Every error of the system that is no failure of a device: what it means for the caller, and
 * how it reads. */
static const struct reason {
	int os_errno;
	int code;
	const char *words;
} reasons[] = {
    {ENOSPC, HF_ENOSPACE, "the disk is full"},
    {EDQUOT, HF_ENOSPACE, "the disk quota is used up"},
    {EFBIG, HF_ENOSPACE, "over the limit for the size of a file"},
    {EMFILE, HF_ENOSPACE, "the process has no descriptor left"},
    {ENFILE, HF_ENOSPACE, "the machine has no descriptor left"},
    {ENOMEM, HF_ENOMEM, "the machine has no memory left"},
    {ENOENT, HF_ENOTFOUND, "it does not exist"},
    {EAGAIN, HF_ELOCKED, "another process holds it"},
    {EDEADLK, HF_ELOCKED, "this process holds it"},
    {ESTALE, HF_EFAILED, "it was replaced or removed meanwhile"},
    {EACCES, HF_EACCESS, "no permission"},
    {EPERM, HF_EACCESS, "the operation is not permitted"},
    {EROFS, HF_EACCESS, "the file system is read-only"},
    {ENOTDIR, HF_EACCESS, "a file is in the way where a directory is needed"},
    {EISDIR, HF_EACCESS, "a directory is in the way where a file is needed"},
    {EEXIST, HF_EACCESS, "something of that name is in the way"},
    {ELOOP, HF_EACCESS, "a symbolic link is in the way, or a loop of them"},
    {ENAMETOOLONG, HF_EACCESS, "the path is too long"},
    {EMLINK, HF_EACCESS,
     "the file has a second name, so that what is written to it would change there too"},
    {ENXIO, HF_EACCESS, "a pipe, socket or device is in the way where a file is needed"},
    {ETXTBSY, HF_EACCESS, "the file is in use by the system"},
};

static const struct reason *reason_of(int os_errno)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].os_errno == os_errno)
			return &reasons[i];
	return NULL;
}

int hf__code_of_errno(int os_errno)
{
	const struct reason *reason = reason_of(os_errno);
	return reason ? reason->code : HF_EIO;
}

int hf__code_of_reading(int os_errno)
{
	const int code = hf__code_of_errno(os_errno);
	return code == HF_ENOTFOUND || code == HF_ELOCKED || code == HF_EFAILED ? HF_EIO : code;
}

void hf__errno_words(struct hf__text *text, int os_errno)
{
	const struct reason *reason = reason_of(os_errno);
	if (reason)
		hf__text_add(text, "%s", reason->words);
	else
		hf__text_add(text, "error %d", os_errno);
}

static int fail_why(struct hf_error *error, int code, const char *what, int os_errno)
{
	char words[96] = "";
	struct hf__text text = {words, sizeof words, 0};
	hf__errno_words(&text, os_errno);
	return hf__fail(error, code, os_errno, "%s: %s", what, words);
}

int hf__os_failed(struct hf_error *error, const char *what, int rc)
{
	return fail_why(error, hf__code_of_errno(rc), what, rc);
}

int hf__read_failed(struct hf_error *error, const char *what, int rc)
{
	return fail_why(error, hf__code_of_reading(rc), what, rc);
}

int hf__path_given(const char *path, struct hf_error *error)
{
	if (!path || !path[0])
		return hf__fail(error, HF_EINVAL, 0, "a path is needed");
	if (strcmp(path, HF__PATH_OF_MEMORY) == 0)
		return hf__fail(error, HF_EINVAL, 0,
		                "\"" HF__PATH_OF_MEMORY
		                "\" is no directory: a store in memory is opened with hf_open_memory(), "
		                "and only through that handle can it be read, or copied with hf_export()");
	return HF_OK;
}
