#include "lib/patient_crash.h"

#include "lib/test.h"
#include "store/check/readonly.h"

int patient_fsck(struct sim *sim)
{
	struct hf_fsck_summary summary = {0};
	struct hf_error error = {0};
	const int rc = hf__fsck(sim_os(sim), hf__all_domains(), NULL, NULL, NULL, &summary, &error);
	if (rc != HF_OK)
		printf("fsck: %s at %llu: %s\n", error.file, (unsigned long long)error.offset, error.text);
	return rc;
}

struct crashes {
	struct patient *p;
	uint64_t least; /* that were acknowledged before the action */
	unsigned images;
};

static uint64_t sequence_of(hf_store *store)
{
	struct patient seen = {.store = store};
	return patient_sequence(&seen);
}

static int judge(void *arg, struct sim *image, const struct sim_shape *shape)
{
	struct crashes *c = arg;
	const struct hf_options options = {.no_background = true, .segment_size = 16u << 10};
	struct hf_error error = {0};
	hf_store *store = NULL;
	uint64_t before = 0;
	(void)shape;
	c->images++;
	for (unsigned life = 0; life < 3; life++) {
		if (hf__store_open(sim_os(image), hf__all_domains(), &options, &store, &error) != HF_OK)
			fail_msg("opening %u: %s %s", life, error.file, error.text);
		const uint64_t found = sequence_of(store);
		assert_true(found >= c->least && found <= c->p->puts + 1);
		assert_true(life == 0 || found == before);
		before = found;
		if (hf_compact(store, &error) != HF_OK)
			fail_msg("compaction: %s", error.text);
		assert_int_equal(hf_close(store, NULL), HF_OK);
		assert_int_equal(patient_fsck(image), HF_OK);
	}
	return 0;
}

static void at_call(void *arg, struct sim *sim, uint64_t index, enum sim_call kind,
                    const char *name)
{
	struct crashes *c = arg;
	const struct sim_limits limits = {.exhaustive = 4, .product = 24, .samples = 6, .salt = index};
	(void)name;
	if (kind & SIM_CHANGES)
		assert_int_equal(sim_each_crash(sim, &limits, judge, c, NULL), 0);
}

unsigned patient_crash_at_every_call(struct patient *p, void (*action)(struct patient *p))
{
	struct crashes c = {.p = p, .least = p->puts};
	sim_observe(p->sim, at_call, &c);
	action(p);
	sim_observe(p->sim, NULL, NULL);
	return c.images;
}
