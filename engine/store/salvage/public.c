/* The call over the real disk. */
#include <errno.h>

#include "store/salvage/salvage.h"

static int open_parent(const char *to, struct hf__parent *parent, char name[HF__PARENT_NAME_MAX],
                       struct hf_error *error)
{
	const int rc = hf__parent_posix_new(to, parent, name);
	if (rc == 0)
		return HF_OK;
	if (rc == EINVAL)
		return hf__fail(error, HF_EACCESS, rc,
		                "the path of the new store does not end with a name");
	if (rc == ENOENT)
		return hf__fail(error, HF_EACCESS, rc, "the directory above the new store does not exist");
	return hf__os_failed(error, "the directory above the new store could not be opened", rc);
}

static int salvage_to(struct hf__salvaging *how, const char *from, const char *to,
                      struct hf_salvage_summary *out, struct hf_error *error)
{
	struct hf__parent parent;
	char name[HF__PARENT_NAME_MAX];
	int rc = open_parent(to, &parent, name, error);
	if (rc != HF_OK)
		return rc;
	/* I-SALVAGE-1: what is built beside would lie in the source */
	if (hf__parent_posix_is(&parent, from)) {
		rc = hf__fail(error, HF_EINVAL, 0, "the new store would lie in the damaged one");
	} else {
		how->name = name;
		how->parent = &parent;
		rc = hf__salvage(how, out, error);
	}
	hf__parent_posix_free(&parent);
	return rc;
}

static int open_source(const char *from, struct hf__os *os, struct hf_error *error)
{
	const int rc = hf__os_posix_new(from, false, os);
	if (rc == ENOENT)
		return hf__fail(error, HF_ENOTFOUND, rc, "the source does not exist");
	return rc ? hf__os_failed(error, "the source could not be opened", rc) : HF_OK;
}

int hf_salvage(const char *from, const char *to, const struct hf_salvage_options *options,
               hf_fsck_fn report, struct hf_salvage_summary *out, struct hf_error *error)
{
	HF__CALL;
	HF__TAKE(salvage_options, options);
	struct hf_salvage_summary is = {0};
	struct hf__os os;
	struct hf__salvaging how = {
	    .domains = hf__all_domains(), .options = options, .source = &os, .report = report};
	int rc = hf__took(&hf__api_salvage_options, options, error);
	if (rc == HF_OK)
		rc = hf__can_give(&hf__api_salvage_summary, out, error);
	if (rc == HF_OK)
		rc = hf__path_given(from, error);
	if (rc == HF_OK)
		rc = hf__path_given(to, error);
	if (rc == HF_OK)
		rc = open_source(from, &os, error);
	if (rc != HF_OK)
		return rc;
	rc = salvage_to(&how, from, to, &is, error);
	hf__os_posix_free(&os);
	hf__give(&hf__api_salvage_summary, out, &is);
	return rc;
}
