/* Static probes for perf, bpftrace and SystemTap (USDT), of the provider "holdfast": a no-operation
 * each, and a note in the library that says where it is and where its arguments lie. Where the
 * system's header is not there they are nothing. docs/operate/metrics.md lists them. */
#ifndef HF_OS_PROBE_H
#define HF_OS_PROBE_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#ifdef __clang__ /* which tells of what that header's macros are made of */
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif
#define HF__PROBE1(name, a) DTRACE_PROBE1(holdfast, name, a)
#define HF__PROBE2(name, a, b) DTRACE_PROBE2(holdfast, name, a, b)
#define HF__PROBE3(name, a, b, c) DTRACE_PROBE3(holdfast, name, a, b, c)
#define HF__PROBE4(name, a, b, c, d) DTRACE_PROBE4(holdfast, name, a, b, c, d)
#endif
#endif

#ifndef HF__PROBE1
#define HF__PROBE1(name, a) ((void)(a))
#define HF__PROBE2(name, a, b) ((void)(a), (void)(b))
#define HF__PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define HF__PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

#endif
