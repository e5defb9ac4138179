/* A store on which operations run that are written in words, and two tables for them: no memory at
 * each allocation, and which answer waits for which change.
 *
 * Steps have " & " between them. A step is one operation (operation.h), or several with " ; "
 * between them, which are one transaction; guards are one in any case. Besides there are
 *
 *	time 2                  the clock stands so many seconds after STAGE_NOW
 *	settle                  endings are logged
 *	undurable hf_...        a read with HF_READ_UNDURABLE
 *	hf_... => held          the token that the operation gave is $held from now on
 *	hf_... -> count=1 next  what its answer holds if it gives one: a member is equal, or not empty
 *
 * A step that fails ends them. What a failed operation was to fill is empty. */
#ifndef TESTS_LIB_OP_SCENE_H
#define TESTS_LIB_OP_SCENE_H

#include "lib/operation/operation.h"
#include "lib/settings.h"

struct op_scene;
/* A step in C, by a name of its own. */
struct op_special {
	const char *name; /* NULL ends a list */
	int (*run)(struct op_scene *scene);
};

struct op_scene {
	const struct op_special *specials; /* or NULL */
	struct stage *stage;
	hf_store *store;
	const char *place; /* $place, or NULL */
	enum hf_durability durability; /* of each mutation alone */
	/* Other words; or NULL */
	bool (*word)(void *ctx, const char *word, size_t index, struct op_value *out);
	void *ctx;
	struct {
		char name[16];
		hf_token token;
	} tokens[4];
	size_t count;
};

/* SETTING_LIVE; the steps must all succeed. */
void op_scene_open(struct op_scene *scene, const char *arrangement);
/* The code of the last step. */
int op_scene_do(struct op_scene *scene, const char *steps);
struct memory_case {
	const char *name;
	unsigned allocations; /* at least; what only takes away needs none of its own */
	const char *steps;
};
/* Out of memory, at each allocation that each operation makes: a clean HF_ENOMEM, nothing done, and
 * the same operation works afterwards. */
void memory_sweep(const char *arrangement, const struct op_special *specials,
                  const struct memory_case *cases, size_t count);

struct depends_case {
	const char *name;
	const char *change; /* its last step is left undurable */
	const char *answer;
	int code;
	bool waits;
};
/* No answer gives away what a crash could still take back, and none waits for anything else. */
void depends_check(const char *arrangement, const struct depends_case *cases, size_t count);

#endif
