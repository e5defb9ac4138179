/* What fsck found or salvage lost, for people and as JSON. */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

#include "holdfast/admin.h"
#include "print/out.h"

struct finding_words {
	const char *finding, *object; /* schemas */
	const char *number; /* what the number of a finding is called */
	const char *people; /* a line begins with it; NULL: with the severity, which JSON then has */
};
extern const struct finding_words finding_of_fsck, finding_of_salvage;

void finding_show(struct out *out, bool json, const struct finding_words *words, uint64_t number,
                  const struct hf_fsck_finding *finding);
/* null where there is none, or it is not known. */
void finding_lsn(struct out *out, const char *name, hf_lsn lsn);

#endif
