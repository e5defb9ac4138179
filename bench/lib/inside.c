#include "lib/inside.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

static atomic_bool greedy, without_index;
static _Atomic uint64_t left_out;

/* The linker makes these names. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void __real_hf__gather(void *store);
void __wrap_hf__gather(void *store);
int __real_hf__document_apply(void *state, void *change, const void *entry);
int __wrap_hf__document_apply(void *state, void *change, const void *entry);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

void __wrap_hf__gather(void *store)
{
	if (atomic_load_explicit(&greedy, memory_order_relaxed))
		(void)atomic_fetch_add_explicit(&left_out, 1, memory_order_relaxed);
	else
		__real_hf__gather(store);
}

int __wrap_hf__document_apply(void *state, void *change, const void *entry)
{
	if (!atomic_load_explicit(&without_index, memory_order_relaxed))
		return __real_hf__document_apply(state, change, entry);
	(void)atomic_fetch_add_explicit(&left_out, 1, memory_order_relaxed);
	return 0;
}

void inside_greedy(bool on)
{
	atomic_store(&greedy, on);
}

void inside_without_index(bool on)
{
	atomic_store(&without_index, on);
}

bool inside_proven(void)
{
	if (atomic_load(&left_out) > 0)
		return true;
	fprintf(stderr, "the linker did not find what to leave out in one of the modes\n");
	return false;
}
