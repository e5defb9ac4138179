/* See html.h. */
#include "ui/html.h"
#include "look/look.h"
#include "print/text.h"

#include <inttypes.h>

void html_text(struct buffer *to, struct hf_bytes text)
{
	const char *at = text.data;
	for (size_t i = 0; i < text.len;) {
		const size_t shown = text_shown(at + i, text.len - i);
		const char c = at[i];
		if (shown == 0)
			buffer_format(to, "\\x%02x", (unsigned char)c);
		else if (c == '&')
			html_raw(to, "&amp;");
		else if (c == '<')
			html_raw(to, "&lt;");
		else if (c == '>')
			html_raw(to, "&gt;");
		else if (c == '"')
			html_raw(to, "&quot;");
		else if (c == '\'')
			html_raw(to, "&#39;");
		else
			buffer_add(to, at + i, shown);
		i += shown ? shown : 1;
	}
}

void html_string(struct buffer *to, const char *text)
{
	html_text(to, hf_str(text));
}

void html_url(struct buffer *to, struct hf_bytes bytes)
{
	const unsigned char *at = bytes.data;
	for (size_t i = 0; i < bytes.len; i++) {
		const unsigned char c = at[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		                   (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
		if (plain)
			buffer_add(to, &at[i], 1);
		else
			buffer_format(to, "%%%02X", c);
	}
}

void html_name_cell(struct buffer *to, struct hf_bytes name)
{
	html_raw(to, "<td class=\"name\" title=\"");
	html_text(to, name);
	html_raw(to, "\">");
	html_text(to, name);
	html_raw(to, "</td>");
}

void html_count_cell(struct buffer *to, uint64_t value, bool bad)
{
	char text[FIGURE_SIZE];
	figure_count(value, text);
	if (value == 0)
		html_raw(to, "<td class=\"number none\">");
	else if (bad)
		html_raw(to, "<td class=\"number bad\">");
	else
		html_raw(to, "<td class=\"number\">");
	buffer_text(to, text);
	html_raw(to, "</td>");
}

void html_age_cell(struct buffer *to, int64_t us)
{
	char text[FIGURE_SIZE];
	figure_age(us, text);
	if (us < 0)
		html_raw(to, "<td class=\"number none\">–</td>");
	else
		buffer_format(to, "<td class=\"number\">%s</td>", text);
}

void html_time(struct buffer *to, hf_time time, hf_time now)
{
	char full[TEXT_TIME_SIZE], age[FIGURE_SIZE];
	int64_t span;
	if (time == HF_UNSET) {
		html_raw(to, "–");
		return;
	}
	text_time(time, full);
	const bool far = __builtin_sub_overflow(now, time, &span) || span == INT64_MIN;
	figure_age(far ? -1 : span < 0 ? -span : span, age);
	buffer_format(to, "<time datetime=\"%s\" title=\"%s\">", full, full);
	if (full[10] == 'T')
		buffer_format(to, "%.10s %.8s</time>", full, full + 11);
	else
		buffer_format(to, "%s</time>", full);
	if (!far && span >= 0)
		buffer_format(to, " <span class=\"ago\">%s ago</span>", age);
	else if (!far)
		buffer_format(to, " <span class=\"ago\">in %s</span>", age);
}

void html_time_cell(struct buffer *to, hf_time time, hf_time now)
{
	if (time == HF_UNSET)
		html_raw(to, "<td class=\"time none\">");
	else
		html_raw(to, "<td class=\"time\">");
	html_time(to, time, now);
	html_raw(to, "</td>");
}

void html_member(struct buffer *to, const char *name)
{
	html_raw(to, "<dt>");
	html_string(to, name);
	html_raw(to, "</dt><dd>");
}

void html_member_end(struct buffer *to)
{
	html_raw(to, "</dd>");
}

void html_member_text(struct buffer *to, const char *name, struct hf_bytes value)
{
	if (value.len == 0)
		return;
	html_member(to, name);
	html_text(to, value);
	html_member_end(to);
}

void html_empty(struct buffer *to, const char *text)
{
	html_raw(to, "<p class=\"empty\">");
	html_string(to, text);
	html_raw(to, "</p>");
}
