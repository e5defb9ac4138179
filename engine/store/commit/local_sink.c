/* The local disk as the place where groups go. */
#include "store/commit/sink.h"

#include "store/internal.h"

static int write_group(struct hf_store *s, const struct hf__flush *f, int64_t now)
{
	const struct hf__os *os = s->os;
	int rc = f->file < 0 ? 0 : hf__guard_write(s, f->file, f->end.segment, now, f->opens, f->sync);
	if (rc == 0 && f->sync_old)
		rc = os->sync(os->ctx, f->old_file);
	if (rc == 0 && f->group && !s->writer.began) {
		rc = hf__witness_not_clean(s); /* I-WIT-3 */
		s->writer.began = rc == 0;
	}
	if (rc || !f->group)
		return rc;
	const struct hf__buffer *b = f->group;
	/* Crash: any part of the group may be there. It is not valid unless whole, and no caller was
	 * answered. */
	return os->write(os->ctx, f->file, b->bytes.data, b->bytes.len, b->start.offset - b->header);
}

static int sync_log(struct hf_store *s, const struct hf__flush *f)
{
	/* Crash: after this the group is durable; whether a caller was answered or not, it exists. */
	return s->os->sync(s->os->ctx, f->file);
}

static int leave_segment(struct hf_store *s, const struct hf__flush *f)
{
	return hf__guard_close(s, f->old_file);
}

const struct hf__sink hf__local_sink = {write_group, sync_log, leave_segment};
