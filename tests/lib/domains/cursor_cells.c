#include "lib/domains/cursor_cells.h"
#include "lib/test.h"

static const char *time_text(hf_time time, char out[24])
{
	const bool arranged = stage_stamped(time, ARRANGED);
	if (arranged || stage_stamped(time, NOW) || time == GIVEN)
		return arranged ? "A" : time == GIVEN ? "G" : "N";
	(void)snprintf(out, 24, "%lld", (long long)time);
	return time == HF_UNSET ? "-" : out;
}

static void render(const struct hf_cursor *cursor, char out[TABLE_TEXT])
{
	char error[64] = "-", reset[64] = "-", delivered[24], updated[24], at[24];
	if (cursor->error_count > 0 || cursor->last_error.len > 0)
		(void)snprintf(error, sizeof error, "%.*s*%llu", (int)cursor->last_error.len,
		               (const char *)cursor->last_error.data,
		               (unsigned long long)cursor->error_count);
	if (cursor->reset_at != HF_UNSET || cursor->reset_reason.len > 0)
		(void)snprintf(reset, sizeof reset, "%.*s@%s", (int)cursor->reset_reason.len,
		               (const char *)cursor->reset_reason.data, time_text(cursor->reset_at, at));
	const int id_len = (int)cursor->last_delivery_id.len;
	(void)snprintf(out, TABLE_TEXT, "%lld %.*s %s %s %s %s", (long long)cursor->last_sequence,
	               id_len ? id_len : 1, id_len ? (const char *)cursor->last_delivery_id.data : "-",
	               time_text(cursor->last_delivered_at, delivered), error,
	               time_text(cursor->updated_at, updated), reset);
}

hf_lsn cursor_look(hf_store *store, const struct hf_cursor_key *key, char out[TABLE_TEXT])
{
	struct hf_cursor_got got = {0};
	struct hf_error error = {0};
	const int rc = hf_cursor_get(store, key, 0, &got, &error);
	out[0] = '\0';
	if (rc == HF_ENOTFOUND) {
		assert_null(got.memory);
		return 0;
	}
	if (rc != HF_OK)
		fail_msg("get: %s", error.text);
	const hf_lsn version = got.cursor.version;
	assert_true(version != 0);
	render(&got.cursor, out);
	hf_release(got.memory);
	return version;
}
