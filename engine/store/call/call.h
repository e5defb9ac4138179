/* What stands first in every public function. */
#ifndef HF_STORE_CALL_H
#define HF_STORE_CALL_H

/* As long as the function runs, a thread that the host cancels goes on, so that it leaves no
 * lock taken, no flush half done and no waiter waiting for it. The cancellation takes effect after
 * the call, as the host's settings say. */
int hf__cancel_off(void);
void hf__cancel_restore(const int *before);
#define HF__CALL \
	__attribute__((cleanup(hf__cancel_restore), unused)) const int hf__call = hf__cancel_off()

#endif
