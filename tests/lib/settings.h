/* The settings in which every cell of the contract's tables is run: on the state that just came
 * about, on the state that a reopening replayed from the log, on the state that was loaded from
 * a snapshot of it, and on the state that a follower makes of the change feed.
 *
 * for (enum setting setting = 0; setting < SETTINGS; setting++) { struct stage *stage =
 * stage_open(setting); ... arrange, through stage->store ... stage_switch(stage);
 *      // closes and reopens, or dumps and loads, or does nothing ... perform and compare ...
 * stage_close(stage); }
 *
 * Switching and closing check the laws on the way: state == replay(log), state ==
 * load(snapshot(state)), state == apply(feed), every domain's verify. It all lies on a simulated
 * disk whose clock stands at STAGE_NOW until stage_at() moves it. Failures are reported through
 * cmocka.
 *
 * Where HF_STAGE=memory is set in the environment, stores lie on the disk in memory that
 * hf_open_memory() has instead, with the same clocks. */
#ifndef TESTS_LIB_SETTINGS_H
#define TESTS_LIB_SETTINGS_H

#include "base/bytes.h"
#include "holdfast/store.h"

enum setting {
	SETTING_LIVE,
	SETTING_REOPENED,
	SETTING_LOADED,
	SETTING_FED, /* rebuilt by applying what the change feed gives from the first LSN on */
	SETTINGS,
};

const char *setting_name(enum setting setting);

/* 2026-11-20T09:30:00Z */
#define STAGE_NOW INT64_C(1795167000000000)

/* Is it a time that the store filled in while its clock stood at `clock`? Such times are
 * strictly increasing from operation to operation. */
static inline bool stage_stamped(int64_t time, int64_t clock)
{
	return time >= clock && time - clock < 100000;
}

struct sim;
struct hf__os;
struct stage {
	enum setting setting;
	struct sim *sim; /* the clocks, and the disk but in memory */
	struct hf__os *memory; /* NULL: on the simulated disk */
	hf_store *store; /* another one after a switch in SETTING_REOPENED */
	struct hf_options options; /* used at each opening; change before a switch if need be */
};

/* A new store of all domains on a new disk, without background thread and with small segments.
 * Never NULL. */
struct stage *stage_open(enum setting setting);
/* The same with options (options->create and no_background are set here). */
struct stage *stage_open_with(enum setting setting, const struct hf_options *options);
/* Where its store lies, for opening it in another way. */
const struct hf__os *stage_os(const struct stage *stage);
/* Carries the state over into the stage's setting. */
void stage_switch(struct stage *stage);
/* The same into any setting. */
void stage_switch_to(struct stage *stage, enum setting setting);
/* The wall clock from now on, and the store's clock if that is behind it. */
void stage_at(struct stage *stage, int64_t now_us);
/* Indexes, counters and seals of all domains. */
void stage_verify(struct stage *stage);
/* The whole state as canonical bytes; free with hf__writer_deinit. */
struct hf__writer stage_dump(struct stage *stage);
/* Checks the laws once more and frees everything. */
void stage_close(struct stage *stage);
/* Frees everything without checking: for large states. */
void stage_drop(struct stage *stage);

#endif
