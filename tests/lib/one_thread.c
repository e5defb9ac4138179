/* Under a sanitizer every program is linked with this instead of pthread_create(). A test that says
 * nothing of threads in its first line is not run under TSan, so it must not get any unseen: with
 * HF_ONE_THREAD in its environment the process ends where one is to start. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
	if (getenv("HF_ONE_THREAD")) {
		fputs("a thread is to start, and the test's first line does not say `threads`\n", stderr);
		abort();
	}
	return __real_pthread_create(out, attr, run, arg);
}
