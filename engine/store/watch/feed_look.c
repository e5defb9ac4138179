/* Opening a feed on a directory, beside the process that writes there or after it. */
#include "store/check/readonly.h"
#include "store/watch/feed.h"

/* What is behind the durable end as far as that is known may have been given out all the same:
 * the log's own end counts. */
static int check_end(const struct hf_feed *feed, struct hf_error *error)
{
	hf_lsn last = feed->known;
	const int rc = feed->from > last + 1
	                   ? hf__log_end(feed->look->os, feed->look->domains, &last, error)
	                   : HF_OK;
	if (rc != HF_OK || feed->from <= last + 1)
		return rc;
	return hf__fail(error, HF_EINVAL, 0, "there is no entry %llu yet: the log ends with %llu",
	                (unsigned long long)feed->from, (unsigned long long)last);
}

/* What came with the store, and was never in its log, is older than all that its log has. */
static int learn_imported(struct hf_feed *feed, struct hf_error *error)
{
	struct hf__recovery *r = &feed->tail.facts;
	r->count = 0;
	r->error = error;
	uint64_t imported = 0;
	int rc = hf__recovery_list(r);
	if (rc == HF_OK)
		rc = hf__recovery_imported(r, &imported);
	feed->known = imported > feed->known ? imported : feed->known;
	r->error = NULL;
	return rc;
}

static int look_for_place(struct hf_feed *feed, struct hf_error *error)
{
	int rc = hf__open_to_look(feed->look, error);
	if (rc == HF_OK)
		rc = hf__tail_learn(&feed->tail, &feed->known, error);
	if (rc == HF_OK)
		rc = learn_imported(feed, error);
	if (rc == HF_OK)
		rc = check_end(feed, error);
	if (rc != HF_OK)
		return rc;
	return hf__tail_seek(&feed->tail, feed->from > feed->known ? feed->known + 1 : feed->from,
	                     feed->known, error);
}

int hf__feed_look(const struct hf__os *os, const struct hf__domains *domains, hf_lsn from,
                  struct hf_feed **out, struct hf_error *error)
{
	*out = NULL;
	struct hf_store *look = hf__store_new(os, domains);
	struct hf_feed *feed = look ? hf__feed_new(look, from) : NULL;
	if (!feed) {
		if (look)
			hf__close_look(look);
		return hf__fail(error, HF_ENOMEM, 0, "no memory for a feed");
	}
	feed->look = look;
	const int rc = look_for_place(feed, error);
	if (rc == HF_OK)
		*out = feed;
	else
		hf_feed_close(feed);
	return rc;
}

void hf__feed_own_os(struct hf_feed *feed, struct hf__os *os, void (*release)(struct hf__os *os))
{
	hf__store_own_os(feed->look, os, release);
}
