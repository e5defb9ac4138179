/* Which version of holdfast this is, and whether a program and the library that it runs with fit
 * together. The numbers stand here and nowhere else: the build reads them from this file. */
#ifndef HOLDFAST_VERSION_H
#define HOLDFAST_VERSION_H

#include "holdfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HF_VERSION_MAJOR 0
#define HF_VERSION_MINOR 1
#define HF_VERSION_PATCH 0
#define HF_VERSION "0.1.0" /* the three, as text */
/* To be compared in #if: greater for a later version. */
#define HF_VERSION_NUMBER (HF_VERSION_MAJOR * 1000000 + HF_VERSION_MINOR * 1000 + HF_VERSION_PATCH)
/* Of the binary interface: raised when a public struct, constant or signature changes so that
 * what was compiled before must be compiled again. */
#define HF_ABI 1u

/* The same of the library that is running, which may be another than the headers a program was
 * compiled with: a program that loads the library by itself compares them first. Valid forever. */
HF_API const char *hf_version(void);
HF_API unsigned hf_version_number(void);
HF_API unsigned hf_abi(void);

/* sizeof(struct NAME) in the library that is running, for bindings that lay structs out
 * themselves: "hf_options". 0: it has no such struct. */
HF_API size_t hf_struct_size(const char *name);

#ifdef __cplusplus
}
#endif

#endif
