/* See call.h. */
#include "store/call/call.h"

#include <pthread.h>

int hf__cancel_off(void)
{
	int before = PTHREAD_CANCEL_ENABLE;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

void hf__cancel_restore(const int *before)
{
	int ignored;
	(void)pthread_setcancelstate(*before, &ignored);
}
