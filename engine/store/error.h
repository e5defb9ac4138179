/* Filling the caller's error: one code, one sentence. */
#ifndef HF_STORE_ERROR_H
#define HF_STORE_ERROR_H

#include "base/text.h"
#include "holdfast/types.h"

/* Writes *error (nullable) and returns `code`. */
__attribute__((format(printf, 4, 5))) int hf__fail(struct hf_error *error, int code, int os_errno, const char *format, ...);
/* As hf__fail, about bytes of a file. */
__attribute__((format(printf, 5, 6))) int hf__fail_at(struct hf_error *error, int code, const char *file, uint64_t offset,
                                                      const char *format, ...);
/* The code for a failed system call that changed nothing. */
int hf__code_of_errno(int os_errno);

/* A system call failed and nothing was done: its code, and a sentence with the number. */
int hf__os_failed(struct hf_error *error, const char *what, int rc);

#endif
