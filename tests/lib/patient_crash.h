/* A crash at every call of something that a small store does, and what the store is afterwards. */
#ifndef TESTS_LIB_PATIENT_CRASH_H
#define TESTS_LIB_PATIENT_CRASH_H

#include "lib/patient.h"

/* What the check says; its sentence is printed if that is not HF_OK. */
int patient_fsck(struct sim *sim);
/* Does `action`, which may make one put more than it counts; before each of its calls that change
 * what a crash leaves some images are opened. In each what was acknowledged before the action is
 * there; a compaction in that life and in the next one succeeds, the check finds nothing, and the
 * same is there again. Gives how many images there were. */
unsigned patient_crash_at_every_call(struct patient *p, void (*action)(struct patient *p));

#endif
