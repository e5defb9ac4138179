/* What most cursors have none of (errors, a reset): one blob of the value, so that they pay 8 bytes
 * for it and not 32. Its bytes: the count of errors, when it was reset, the length of the newest
 * error, that error, the reason of the reset. */
#include "domains/cursor/cursor.h"

struct numbers {
	uint64_t error_count;
	int64_t reset_at;
	uint32_t error_len;
};

struct hf__cursor_mishap hf__cursor_mishap_of(const struct hf__cursor_value *value)
{
	const struct hf_bytes bytes = hf__blob_bytes(value->mishap);
	struct numbers n;
	if (bytes.len == 0)
		return (struct hf__cursor_mishap){.reset_at = HF_UNSET};
	memcpy(&n, bytes.data, sizeof n);
	const uint8_t *texts = (const uint8_t *)bytes.data + sizeof n;
	return (struct hf__cursor_mishap){
	    .error_count = n.error_count,
	    .reset_at = n.reset_at,
	    .last_error = hf_bytes_of(texts, n.error_len),
	    .reset_reason = hf_bytes_of(texts + n.error_len, bytes.len - sizeof n - n.error_len),
	};
}

bool hf__cursor_keep_mishap(const struct hf__cursor_value *old,
                            const struct hf__cursor_image *image, struct hf__blob **out)
{
	const struct hf_bytes error = image->last_error, reason = image->reset_reason;
	uint8_t bytes[sizeof(struct numbers) + HF_CURSOR_ERROR_MAX + HF_CURSOR_REASON_MAX];
	struct numbers n;
	*out = NULL;
	if (image->error_count == 0 && image->reset_at == HF_UNSET && error.len == 0 && reason.len == 0)
		return true;
	memset(&n, 0, sizeof n); /* what lies between the members is sealed, too */
	n.error_count = image->error_count;
	n.reset_at = image->reset_at;
	n.error_len = (uint32_t)error.len;
	memcpy(bytes, &n, sizeof n);
	if (error.len > 0)
		memcpy(bytes + sizeof n, error.data, error.len);
	if (reason.len > 0)
		memcpy(bytes + sizeof n + error.len, reason.data, reason.len);
	return hf__blob_keep(old->mishap, hf_bytes_of(bytes, sizeof n + error.len + reason.len), out);
}
