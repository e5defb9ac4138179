/* See crash_oracle.h. Small tables, searched in order: a workload has some dozens of objects and
 * transactions. Too many of them is a mistake in the workload and aborts. */
#include "lib/crash/crash_oracle.h"

#include <stdlib.h>
#include <string.h>

void oracle_begin(struct oracle *oracle, uint64_t digest)
{
	memset(oracle, 0, sizeof *oracle);
	oracle->digests[0] = digest;
	oracle->count = 1;
}

size_t oracle_submit(struct oracle *oracle, uint64_t digest, bool durable)
{
	if (oracle->count == ORACLE_STATES)
		abort();
	oracle->digests[oracle->count] = digest;
	oracle->durable[oracle->count] = durable;
	return oracle->count++;
}

void oracle_take_back(struct oracle *oracle)
{
	oracle->count--;
}

static struct oracle_object *find(const struct oracle *oracle, const char *name)
{
	for (size_t i = 0; i < oracle->object_count; i++)
		if (strcmp(oracle->objects[i].name, name) == 0)
			return (struct oracle_object *)(uintptr_t)&oracle->objects[i];
	return NULL;
}

static struct oracle_object *find_or_add(struct oracle *oracle, const char *name)
{
	struct oracle_object *object = find(oracle, name);
	if (object)
		return object;
	if (oracle->object_count == ORACLE_OBJECTS || strlen(name) >= ORACLE_NAME)
		abort();
	object = &oracle->objects[oracle->object_count++];
	memcpy(object->name, name, strlen(name) + 1);
	return object;
}

void oracle_changed(struct oracle *oracle, const char *name, size_t number)
{
	/* A change in mode os asks for nothing, so it adds nothing to what an answer about the
	 * object demands. */
	if (oracle->durable[number])
		find_or_add(oracle, name)->durable = number;
}

size_t oracle_needs(const struct oracle *oracle, const char *name)
{
	const struct oracle_object *object = find(oracle, name);
	return object ? object->durable : 0;
}

void oracle_must(struct oracle *oracle, size_t number)
{
	if (number > oracle->required)
		oracle->required = number;
	oracle_must_if_killed(oracle, number);
}

void oracle_must_if_killed(struct oracle *oracle, size_t number)
{
	if (number > oracle->required_killed)
		oracle->required_killed = number;
}

void oracle_must_all(struct oracle *oracle)
{
	oracle_must(oracle, oracle->count - 1);
}

static enum oracle_verdict judge(const struct oracle *oracle, uint64_t digest, size_t required)
{
	for (size_t k = required; k < oracle->count; k++)
		if (oracle->digests[k] == digest)
			return ORACLE_RIGHT;
	for (size_t k = 0; k < required; k++)
		if (oracle->digests[k] == digest)
			return ORACLE_LOST;
	return ORACLE_WRONG;
}

enum oracle_verdict oracle_judge(const struct oracle *oracle, uint64_t digest)
{
	return judge(oracle, digest, oracle->required);
}

enum oracle_verdict oracle_judge_killed(const struct oracle *oracle, uint64_t digest)
{
	return judge(oracle, digest, oracle->required_killed);
}

void oracle_reopened(struct oracle *oracle, uint64_t digest)
{
	size_t newest = oracle->count - 1;
	while (newest > oracle->required && oracle->digests[newest] != digest)
		newest--;
	oracle->count = newest + 1;
	/* The store now answers reads of all of it without a wait. */
	for (size_t k = newest; k > oracle->required; k--)
		if (oracle->durable[k])
			oracle_must(oracle, k);
	for (size_t i = 0; i < oracle->object_count; i++)
		if (oracle->objects[i].durable > newest)
			oracle->objects[i].durable = oracle->required;
	if (oracle->required_killed > newest)
		oracle->required_killed = newest;
}
