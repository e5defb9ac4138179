/* Notes. See holdfast/api.h. */
#include "api/row.h"
#include "toy/note/note.h"

/* clang-format off */
extern const struct hf_api_part hf__api_note_part;
extern const struct hf_api_struct hf__api_note_put_args, hf__api_note_page;
static const struct hf_api_struct note = STRUCT(hf_note,
	{AT(hf_note, name), HF_API_KEY},
	{AT(hf_note, text), HF_API_TEXT},
	{AT(hf_note, written_at), HF_API_TIME},
	{AT(hf_note, version), HF_API_LSN});
const struct hf_api_struct hf__api_note_put_args = GROWN(hf_note_put_args, text,
	{AT(hf_note_put_args, write), HF_API_STRUCT, .of = &hf__api_write},
	{AT(hf_note_put_args, name), HF_API_KEY},
	{AT(hf_note_put_args, text), HF_API_TEXT, .most = HF_KEY_MAX, .zero = "the note goes"},
	{AT(hf_note_put_args, keep), HF_API_BOOL});
const struct hf_api_struct hf__api_note_page = GROWN(hf_note_page, memory,
	{AT(hf_note_page, items), HF_API_MANY, .of = &note},
	{AT(hf_note_page, count), HF_API_UINT},
	{AT(hf_note_page, memory), HF_API_MEMORY},
	{AT(hf_note_page, bytes), HF_API_UINT});
static const struct hf_api_struct *const structs[] = {
	&note, &hf__api_note_put_args, &hf__api_note_page, NULL};
static const struct hf_api_call calls[] = {
	{CALL(hf_note_put), HF_API_MUTATION, .takes = &hf__api_note_put_args},
	{CALL(hf_note_list), HF_API_READ, .fills = &hf__api_note_page},
	{0}};
const struct hf_api_part hf__api_note_part = {"note", structs, calls};
