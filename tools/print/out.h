/* The data a command gives, written once for both readers: for people as aligned lines or a
 * table, with --json as one object a line.
 *
 * A command says what it has, member by member, between out_begin() and out_end(). Lists begin
 * with out_list(): with --json every object is a line; for people the objects become the rows of
 * a table that shows the members named as columns. Everything is kept in memory until the store
 * is closed, so a slow reader locks no process out; out_flush() sends it on earlier (a long export
 * does that).
 *
 * JSON: u64 and i64 are strings, times RFC 3339 in UTC with microseconds or null, bytes are a
 * string under `name` when they are valid UTF-8, else base64 under `name_base64`. The first
 * member is "schema":"holdfast.THING/1". For people bytes that could confuse a terminal are
 * escaped, unset times are `-`. Running out of memory is remembered and reported by out_flush(). */
#ifndef TOOLS_OUT_H
#define TOOLS_OUT_H

#include "cli/cli.h"

struct out *out_new(bool json, FILE *to);
void out_free(struct out *out);

/* The objects that follow are rows. `columns`: names of members, separated by one space, in the
 * order of the table. */
void out_list(struct out *out, const char *columns);
/* Ends a list: `next` is the token of the next page or NULL. With --json a last line
 * {"schema":"holdfast.page/1","next":...} when there is one; people are told on stderr by the
 * caller. */
void out_list_end(struct out *out, const char *next);

/* "outbox-item" gives "schema":"holdfast.outbox-item/1" */
void out_begin(struct out *out, const char *thing);
void out_end(struct out *out);

void out_bytes(struct out *out, const char *name, struct hf_bytes bytes);
/* must be UTF-8; NULL gives null */
void out_text(struct out *out, const char *name, const char *text);
void out_u64(struct out *out, const char *name, uint64_t value);
void out_i64(struct out *out, const char *name, int64_t value);
void out_int(struct out *out, const char *name, long value); /* a small number: no string in JSON */
/* shortest spelling that reads back the same */
void out_real(struct out *out, const char *name, double value);
void out_bool(struct out *out, const char *name, bool value);
void out_time(struct out *out, const char *name, hf_time value); /* HF_UNSET: null */
/* a nested object; for people its members are called NAME.MEMBER */
void out_open(struct out *out, const char *name);
void out_close(struct out *out);

/* A line for people only (nothing with --json). */
void out_line(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes as they are, in either mode: exports, a payload asked for raw. */
void out_raw(struct out *out, const void *data, size_t len);

/* Writes what is kept; 0 or the errno. */
HF_CHECKED int out_write(struct out *out);
/* Writes what cli->out keeps to stdout. CLI_OK, or CLI_IO with the sentence printed. */
HF_CHECKED int out_flush(struct cli *cli);

#endif
