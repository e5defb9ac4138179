#include "json/split.h"

#include <yajl/yajl_parse.h>

/* an object: a payload and what may stand beside it */
#define PIECE_MAX (HF_PAYLOAD_MAX + (1u << 20))
#define FRAME_MAX (1u << 20) /* the document around the list */
/* a line: a payload in which every byte is an escape of six */
#define LINE_MAX_BYTES (6 * HF_PAYLOAD_MAX + (1u << 20))

int split_fail(const struct input *input, struct cli *cli, const char *noun,
               const struct piece *piece, const struct json_fault *fault)
{
	return cli_fail_with(cli, fault->code, "%s: %s %llu (byte %llu) %s", input->name, noun,
	                     (unsigned long long)piece->number,
	                     (unsigned long long)piece->at + fault->at, fault->what);
}

/* --- Lines ------------------------------------------------------------------------------------ */

struct lines {
	struct input *input;
	struct cli *cli;
	piece_fn each;
	void *ctx;
	struct buffer line;
	uint64_t number, at;
};

static bool blank(struct hf_bytes text)
{
	const char *at = text.data, *end = at + text.len;
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	return at == end;
}

static int line_complete(struct lines *l)
{
	const struct piece piece = {.text = buffer_bytes(&l->line), .at = l->at, .number = ++l->number};
	const int rc = piece.text.len == 0 || blank(piece.text) ? CLI_OK : l->each(l->ctx, &piece);
	l->at += l->line.len + 1;
	l->line.len = 0;
	return rc;
}

static int add_to_line(struct lines *l, const char *data, size_t len)
{
	const struct piece piece = {.at = l->at, .number = l->number + 1};
	struct json_fault fault;
	if (l->line.len + len > LINE_MAX_BYTES) {
		(void)json_refuse(&fault, HF_ETOOBIG, 0,
		                  "is longer than any line can be that holds one object");
		return split_fail(l->input, l->cli, "line", &piece, &fault);
	}
	buffer_add(&l->line, data, len);
	return l->line.failed ? cli_fail_with(l->cli, HF_ENOMEM, "out of memory") : CLI_OK;
}

static int take_lines(struct lines *l)
{
	const char *at = l->input->chunk, *end = at + l->input->len;
	int rc = CLI_OK;
	while (at < end && rc == CLI_OK) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		rc = add_to_line(l, at, (size_t)((stop ? stop : end) - at));
		if (rc == CLI_OK && stop)
			rc = line_complete(l);
		at = stop ? stop + 1 : end;
	}
	return rc;
}

int split_lines(struct input *input, struct cli *cli, piece_fn each, void *ctx)
{
	struct lines l = {.input = input, .cli = cli, .each = each, .ctx = ctx};
	int rc;
	do {
		rc = input_next(input, cli);
		if (rc == CLI_OK)
			rc = take_lines(&l);
	} while (rc == CLI_OK && input->len);
	if (rc == CLI_OK && l.line.len)
		rc = line_complete(&l);
	buffer_free(&l.line);
	return rc;
}

/* --- The list of a document ------------------------------------------------------------------- */

struct list {
	struct input *input;
	struct cli *cli;
	const struct split_form *form;
	piece_fn each;
	void *ctx;
	yajl_handle parser;
	struct buffer *frame;
	struct buffer object;
	struct buffer *to; /* where bytes go now: one of the two; NULL: between two objects */
	size_t taken; /* bytes of the chunk that have gone where they belong */
	uint64_t token_end; /* byte of the file behind the last token */
	uint64_t object_at, number;
	/* open arrays and objects; with the list open, and inside no object of it */
	size_t depth, list_depth;
	bool wanted; /* the value that comes next is the list */
	bool found; /* there was a list */
	int rc; /* not CLI_OK: the sentence is printed */
};

/* The bytes up to here belong where bytes went until now. */
static void hand_over(struct list *l, size_t upto, struct buffer *next)
{
	if (l->to && upto > l->taken)
		buffer_add(l->to, l->input->chunk + l->taken, upto - l->taken);
	l->taken = upto;
	l->to = next;
}

static int stop(struct list *l, int code, uint64_t at, const char *what)
{
	const bool inside =
	    l->found && l->list_depth != SIZE_MAX && (l->to == &l->object || l->depth == l->list_depth);
	if (inside)
		l->rc = cli_fail_with(l->cli, code, "%s: %s %llu (byte %llu) %s", l->input->name,
		                      l->form->noun, (unsigned long long)l->number + (l->to != &l->object),
		                      (unsigned long long)at, what);
	else
		l->rc = cli_fail_with(l->cli, code, "%s: byte %llu %s", l->input->name,
		                      (unsigned long long)at, what);
	return 0;
}

static int token(struct list *l)
{
	l->token_end = l->input->offset + yajl_get_bytes_consumed(l->parser);
	return 1;
}

static int not_that(struct list *l)
{
	l->rc = cli_fail_with(l->cli, HF_EINVAL, "%s is not %s", l->input->name, l->form->what);
	return 0;
}

static int hand_out(struct list *l, struct hf_bytes text, uint64_t at)
{
	const struct piece piece = {.text = text, .at = at, .number = l->number};
	l->rc = l->each(l->ctx, &piece);
	return l->rc == CLI_OK;
}

/* A value that is neither array nor object. In the list it is a piece too: the caller that
 * takes it says what is wrong with it, and may go on. */
static int on_scalar(struct list *l)
{
	(void)token(l);
	if (l->depth == 0 || l->wanted)
		return not_that(l);
	if (!l->found || l->depth != l->list_depth || l->to)
		return 1;
	l->number++;
	return hand_out(l, hf_str("0"), l->token_end);
}

/* In the place of the list it is an empty one. It is kept in the frame as it is. */
static int on_null(void *ctx)
{
	struct list *l = ctx;
	if (!l->wanted || l->found)
		return on_scalar(ctx);
	l->wanted = false;
	l->found = true;
	l->list_depth = SIZE_MAX; /* nothing is inside it */
	return token(l);
}

static int on_boolean(void *ctx, int value)
{
	(void)value;
	return on_scalar(ctx);
}

static int on_number(void *ctx, const char *text, size_t len)
{
	(void)text;
	(void)len;
	return on_scalar(ctx);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
	(void)text;
	(void)len;
	return on_scalar(ctx);
}

static int on_key(void *ctx, const unsigned char *name, size_t len)
{
	struct list *l = ctx;
	const char *member = l->form->member;
	(void)token(l);
	l->wanted = member && l->depth == 1 && len == strlen(member) && memcmp(name, member, len) == 0;
	return 1;
}

/* How deep a piece is inside is looked at by the caller that takes it. */
static int deeper(struct list *l)
{
	if (++l->depth <= JSON_DEPTH_MAX || l->to == &l->object)
		return 1;
	return stop(l, HF_EINVAL, l->token_end,
	            "has more than 200 arrays and objects inside each other");
}

/* The bracket or brace that was just read begins it. */
static void begin_piece(struct list *l)
{
	hand_over(l, yajl_get_bytes_consumed(l->parser) - 1, &l->object);
	l->object_at = l->token_end - 1;
	l->object.len = 0;
	l->number++;
}

/* The bracket or brace that was just read ends it. */
static int end_piece(struct list *l)
{
	hand_over(l, yajl_get_bytes_consumed(l->parser), NULL);
	if (l->object.failed)
		return stop(l, HF_ENOMEM, l->object_at, "is too much for the memory there is");
	return hand_out(l, buffer_bytes(&l->object), l->object_at);
}

static int on_start_map(void *ctx)
{
	struct list *l = ctx;
	(void)token(l);
	if (l->wanted || (l->depth == 0 && !l->form->member))
		return not_that(l);
	if (!l->to)
		begin_piece(l);
	return deeper(l);
}

static int on_start_array(void *ctx)
{
	struct list *l = ctx;
	(void)token(l);
	if (l->depth == 0 && l->form->member)
		return not_that(l);
	if (l->found && l->wanted)
		return stop(l, HF_EINVAL, l->token_end, "has the list for the second time");
	if (l->found && !l->to)
		begin_piece(l);
	if (!l->wanted)
		return deeper(l);
	l->wanted = false;
	l->found = true;
	l->list_depth = l->depth + 1;
	hand_over(l, yajl_get_bytes_consumed(l->parser), NULL);
	return deeper(l);
}

static int on_end_map(void *ctx)
{
	struct list *l = ctx;
	(void)token(l);
	l->depth--;
	return l->to == &l->object && l->depth == l->list_depth ? end_piece(l) : 1;
}

static int on_end_array(void *ctx)
{
	struct list *l = ctx;
	(void)token(l);
	if (!l->to && l->depth == l->list_depth)
		hand_over(l, yajl_get_bytes_consumed(l->parser) - 1, l->frame);
	l->depth--;
	return l->to == &l->object && l->depth == l->list_depth ? end_piece(l) : 1;
}

/* The sentence for what the parser refused. */
static int tell_syntax(struct list *l)
{
	char what[JSON_WHAT_MAX];
	unsigned char *words = yajl_get_error(l->parser, 0, NULL, 0);
	const char *text = words ? (const char *)words : "out of memory";
	(void)snprintf(what, sizeof what, "is not JSON: %.*s", (int)strcspn(text, "\n"), text);
	/* At its end the parser has been given a byte that is not the file's. */
	const uint64_t at = l->input->offset + (l->input->len ? yajl_get_bytes_consumed(l->parser) : 0);
	(void)stop(l, words ? HF_EINVAL : HF_ENOMEM, at, what);
	if (words)
		yajl_free_error(l->parser, words);
	return l->rc;
}

/* What did not end in this piece of the file must not grow without bound: neither here nor in
 * the parser, which keeps a string until it ends. */
static int check_growth(struct list *l)
{
	const uint64_t here = l->input->offset + l->input->len;
	if (l->object.len > PIECE_MAX || here - l->token_end > PIECE_MAX)
		(void)stop(l, HF_ETOOBIG, l->to == &l->object ? l->object_at : l->token_end,
		           "is larger than the 16 MiB that one can have");
	else if (l->frame->len > FRAME_MAX)
		(void)stop(l, HF_ETOOBIG, l->token_end,
		           "and what stands before it beside the list is larger than 1 MiB");
	else if (l->object.failed || l->frame->failed)
		l->rc = cli_fail_with(l->cli, HF_ENOMEM, "out of memory");
	return l->rc;
}

static int take_chunk(struct list *l)
{
	yajl_status status;
	int rc = input_next(l->input, l->cli);
	if (rc != CLI_OK)
		return rc;
	l->taken = 0;
	status = l->input->len
	             ? yajl_parse(l->parser, (const unsigned char *)l->input->chunk, l->input->len)
	             : yajl_complete_parse(l->parser);
	if (l->rc != CLI_OK)
		return l->rc;
	if (status != yajl_status_ok)
		return tell_syntax(l);
	hand_over(l, l->input->len, l->to);
	return check_growth(l);
}

int split_list(struct input *input, struct cli *cli, const struct split_form *form,
               struct buffer *frame, piece_fn each, void *ctx)
{
	static const yajl_callbacks callbacks = {
	    .yajl_null = on_null,
	    .yajl_boolean = on_boolean,
	    .yajl_number = on_number,
	    .yajl_string = on_string,
	    .yajl_start_map = on_start_map,
	    .yajl_map_key = on_key,
	    .yajl_end_map = on_end_map,
	    .yajl_start_array = on_start_array,
	    .yajl_end_array = on_end_array,
	};
	struct list l = {.input = input,
	                 .cli = cli,
	                 .form = form,
	                 .each = each,
	                 .ctx = ctx,
	                 .frame = frame,
	                 .to = frame,
	                 .wanted = !form->member};
	int rc;
	l.parser = yajl_alloc(&callbacks, NULL, &l);
	if (!l.parser)
		return cli_fail_with(cli, HF_ENOMEM, "out of memory");
	frame->len = 0;
	do
		rc = take_chunk(&l);
	while (rc == CLI_OK && input->len);
	if (rc == CLI_OK && !l.found)
		rc = cli_fail_with(cli, HF_EINVAL, "%s is not %s", input->name, form->what);
	yajl_free(l.parser);
	buffer_free(&l.object);
	return rc;
}
