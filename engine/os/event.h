/* Events that a host's loop waits for: eventfd. The same behind the real disk and the simulated
 * one. */
#ifndef HF_OS_OS_EVENT_H
#define HF_OS_OS_EVENT_H

/* As the seam's functions of these names; ctx is not looked at. */
int hf__event_new(void *ctx, int *out);
int hf__event_tell(void *ctx, int event);
void hf__event_free(void *ctx, int event);
void hf__event_clear(void *ctx, int event);

#endif
