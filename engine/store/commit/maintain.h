/* Upkeep and its thread: see maintain.c. */
#ifndef HF_STORE_MAINTAIN_H
#define HF_STORE_MAINTAIN_H

#include <pthread.h>
#include <stdbool.h>

struct hf_store;

struct hf__upkeep {
	pthread_t thread;
	pthread_cond_t wake; /* the thread sleeps here */
	bool runs, stopping, asleep;
};

int hf__maintenance_start(struct hf_store *s);
void hf__maintenance_stop(struct hf_store *s);
/* There is work: wakes the thread if it sleeps for long. The lock is held. */
void hf__maintenance_nudge(struct hf_store *s);

#endif
