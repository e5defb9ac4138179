/* See links.h. Addresses are relative, so that they hold with a key in the path and without. */
#include "ui/links.h"
#include "print/object.h"
#include "ui/html.h"

void link_queue(struct buffer *to, struct hf_bytes queue, unsigned status)
{
	html_raw(to, "<a href=\"queue?queue=");
	html_url(to, queue);
	if (status > 0)
		buffer_format(to, "&amp;status=%u", status);
	html_raw(to, "\">");
	html_text(to, queue);
	html_raw(to, "</a>");
}

void link_item(struct buffer *to, struct hf_bytes queue, struct hf_bytes id)
{
	html_raw(to, "<a href=\"item?queue=");
	html_url(to, queue);
	html_raw(to, "&amp;id=");
	html_url(to, id);
	html_raw(to, "\">");
	html_text(to, id);
	html_raw(to, "</a>");
}

void link_inbox(struct buffer *to, struct hf_bytes user)
{
	html_raw(to, "<a href=\"inbox?user=");
	html_url(to, user);
	html_raw(to, "\">");
	html_text(to, user);
	html_raw(to, "</a>");
}

void link_history(struct buffer *to, const char *kind, const struct hf_bytes *parts, unsigned count,
                  const char *words)
{
	struct hf_event event = {.domain = kind, .parts = count};
	struct buffer object = {0};
	for (unsigned i = 0; i < count && i < OBJECT_PARTS_MAX; i++)
		event.key[i] = parts[i];
	object_add(&object, &event);
	html_raw(to, "<a href=\"history?of=");
	html_url(to, hf_bytes_of(object.data, object.len));
	html_raw(to, "\">");
	html_string(to, words);
	html_raw(to, "</a>");
	to->failed = to->failed || object.failed;
	buffer_free(&object);
}

static void end_next(struct buffer *to, const char *next)
{
	html_raw(to, "page=");
	html_url(to, hf_str(next));
	html_raw(to, "\" rel=\"next\">Next page</a></p>");
}

void link_next(struct buffer *to, const char *where, const char *next)
{
	if (!next)
		return;
	html_raw(to, "<p class=\"next\"><a href=\"");
	buffer_text(to, where);
	end_next(to, next);
}

void link_next_of_queue(struct buffer *to, struct hf_bytes queue, unsigned status, const char *next)
{
	if (!next)
		return;
	html_raw(to, "<p class=\"next\"><a href=\"queue?queue=");
	html_url(to, queue);
	buffer_format(to, "&amp;status=%u&amp;", status);
	end_next(to, next);
}

void link_next_of_inbox(struct buffer *to, struct hf_bytes user, const char *next)
{
	if (!next)
		return;
	html_raw(to, "<p class=\"next\"><a href=\"inbox?user=");
	html_url(to, user);
	html_raw(to, "&amp;");
	end_next(to, next);
}
