/* Filling the caller's error: one code, one sentence. */
#ifndef HF_STORE_ERROR_H
#define HF_STORE_ERROR_H

#include "base/text.h"
#include "holdfast/types.h"
#include "store/call/call.h"

/* Writes *error (nullable) and returns `code`. */
__attribute__((format(printf, 4, 5))) int hf__fail(struct hf_error *error, int code, int os_errno,
                                                   const char *format, ...);
/* As hf__fail, about bytes of a file. Damage to a file of the store (`file` not "") is told with
 * what to run next. */
__attribute__((format(printf, 5, 6))) int hf__fail_at(struct hf_error *error, int code,
                                                      const char *file, uint64_t offset,
                                                      const char *format, ...);
/* Without that: for what is said by such a run. */
void hf__error_cut_next_step(char *text);
/* The code for a failed system call that changed nothing. HF_EIO is left to devices that fail. */
int hf__code_of_errno(int os_errno);
/* The same for reading a file that must be there: that it is not, is HF_EIO. */
int hf__code_of_reading(int os_errno);
/* Why, in words of its own: "no permission", or "error 5" for what has none. */
void hf__errno_words(struct hf__text *text, int os_errno);

/* A system call failed and nothing was done: its code, and the sentence "what: why". */
int hf__os_failed(struct hf_error *error, const char *what, int rc);
/* The same, by hf__code_of_reading. */
int hf__read_failed(struct hf_error *error, const char *what, int rc);

/* What a caller says a directory or file is called: HF_OK, or HF_EINVAL for none, and for the word
 * that bindings have for a store in memory. */
#define HF__PATH_OF_MEMORY ":memory:"
int hf__path_given(const char *path, struct hf_error *error);

#endif
