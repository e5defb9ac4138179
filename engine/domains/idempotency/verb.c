/* What the idempotency mutations have in common, and the text form of keys. Each mutation looks
 * at the one key that it names, decides what its entry is afterwards and writes that; what it
 * looked at is what its answer waits for, refusals and "nothing to do" included. */
#include "domains/idempotency/verb.h"
#include "domains/common/objects.h"
#include "domains/common/verb.h"

#include "store/call/error.h"

/* --- Form ------------------------------------------------------------------------------------- */

int hf__idem_check_scope(struct hf_bytes scope, struct hf__text *why)
{
	if (hf__idem_scope_ok(scope))
		return HF_OK;
	return hf__refuse_named(why, HF_EINVAL, scope, "scope must have 1 to %u bytes and no NUL",
	                        HF_KEY_MAX);
}

int hf__idem_check_key(const struct hf_idempotency_key *key, struct hf__text *why)
{
	const int rc = hf__idem_check_scope(key->scope, why);
	if (rc != HF_OK || hf__idem_key_ok(key->key))
		return rc;
	return hf__refuse_named(
	    why, HF_EINVAL, key->key,
	    "key must have 1 to %u bytes, all of them printable ASCII without space",
	    HF_IDEMPOTENCY_KEY_MAX);
}

#define KEY_AT(args) (offsetof(struct args, key) == sizeof(struct hf__args))
_Static_assert(KEY_AT(hf_idempotency_abandon_args) && KEY_AT(hf_idempotency_remove_args) &&
                   KEY_AT(hf_idempotency_guard_args) && KEY_AT(hf_idempotency_guard_owner_args),
               "the key stands behind struct hf__args");

int hf__idem_check_lone_key(const void *args, struct hf__text *why)
{
	return hf__idem_check_key(&((const struct hf_idempotency_remove_args *)args)->key, why);
}

int hf__idem_check_fingerprint(struct hf_bytes fingerprint, struct hf__text *why)
{
	const int rc = hf__check_bytes("fingerprint", fingerprint, HF_IDEMPOTENCY_FINGERPRINT_MAX, why);
	return rc == HF_ETOOBIG ? HF_EINVAL : rc;
}

/* --- Text ------------------------------------------------------------------------------------- */

static int check_names(const struct hf_idempotency_key *key, struct hf_error *error)
{
	char why[HF_ERROR_TEXT] = "";
	struct hf__text text = {why, sizeof why, 0};
	const int rc = hf__idem_check_key(key, &text);
	return rc == HF_OK ? rc : hf__fail(error, rc, 0, "%s", why);
}

/* What the canonical text has for those bytes of a scope that its own syntax needs. */
#define PERCENT "%25"
#define COLON "%3A"
#define ESCAPED (sizeof COLON - 1)

int hf_idempotency_text(const struct hf_idempotency_key *key, char *out, struct hf_error *error)
{
	HF__CALL;
	out[0] = '\0';
	const int rc = check_names(key, error);
	if (rc != HF_OK)
		return rc;
	const uint8_t *scope = key->scope.data;
	for (size_t i = 0; i < key->scope.len; i++) {
		const char *escaped = scope[i] == '%' ? PERCENT : scope[i] == ':' ? COLON : NULL;
		if (escaped)
			memcpy(out, escaped, ESCAPED);
		else
			*out = (char)scope[i];
		out += escaped ? ESCAPED : 1;
	}
	*out++ = ':';
	memcpy(out, key->key.data, key->key.len);
	out[key->key.len] = '\0';
	return HF_OK;
}

/* The scope as it is, into `to`; false: another spelling than the canonical one, or too long. */
static bool unescape_scope(struct hf_bytes text, char *to, struct hf_bytes *out)
{
	const char *at = text.data, *end = at + text.len;
	size_t len = 0;
	for (; at < end && len < HF_KEY_MAX; len++) {
		const bool escaped = *at == '%';
		if (escaped && ((size_t)(end - at) < ESCAPED ||
		                (memcmp(at, PERCENT, ESCAPED) != 0 && memcmp(at, COLON, ESCAPED) != 0)))
			return false;
		to[len] = !escaped ? *at : at[1] == PERCENT[1] ? '%' : ':';
		at += escaped ? ESCAPED : 1;
	}
	*out = hf_bytes_of(to, len);
	return at == end;
}

int hf_idempotency_parse(struct hf_bytes text, char *scope, struct hf_idempotency_key *out,
                         struct hf_error *error)
{
	HF__CALL;
	*out = (struct hf_idempotency_key){0};
	const char *start = text.data,
	           *colon = text.len > 0 && start ? memchr(start, ':', text.len) : NULL;
	if (!colon)
		return hf__fail(error, HF_EINVAL, 0, "there is no ':' between scope and key");
	struct hf_idempotency_key key = {
	    .key = hf_bytes_of(colon + 1, text.len - (size_t)(colon - start) - 1)};
	if (!unescape_scope(hf_bytes_of(start, (size_t)(colon - start)), scope, &key.scope))
		return hf__fail(
		    error, HF_EINVAL, 0,
		    "the scope is longer than %u bytes, or has a '%%' that is neither %s nor %s",
		    HF_KEY_MAX, PERCENT, COLON);
	const int rc = check_names(&key, error);
	if (rc == HF_OK)
		*out = key;
	return rc;
}

/* --- Deciding --------------------------------------------------------------------------------- */

int hf__idem_refuse(struct hf__decision *d, int code, const char *what,
                    const struct hf_idempotency_key *key)
{
	hf__text_add(&d->why, "%s: ", what);
	hf__idem_add_name(&d->why, key->scope, key->key);
	return code;
}

int hf__idem_look(const struct hf__idem_state *state, struct hf__decision *d,
                  const struct hf_write *write, const struct hf_idempotency_key *key,
                  struct hf__idem_entry **out)
{
	struct hf__idem_entry *entry = hf__idem_find(state, key->scope, key->key);
	if (entry)
		hf__depends(d, &entry->object);
	else
		(void)hf__look_in(state, d, key->scope);
	*out = entry && hf__idem_alive(entry, HF__INSTANT_OF(d)) ? entry : NULL;
	const int rc = hf__expect(d, write->expect, *out ? entry->object.changed : 0);
	if (rc != HF_OK) {
		hf__text_add(&d->why, ": ");
		hf__idem_add_name(&d->why, key->scope, key->key);
	}
	return rc;
}

int hf__idem_require_owner(const struct hf__idem_state *state, struct hf__decision *d,
                           const struct hf_write *write, const struct hf_idempotency_key *key,
                           hf_token token, struct hf__idem_entry **out)
{
	const int rc = hf__idem_look(state, d, write, key, out);
	if (rc != HF_OK)
		return rc;
	/* Absent, ended and never begun are one: logging an ending changes no answer. */
	if (!*out || (*out)->value.done)
		return hf__idem_refuse(d, HF_ESTALE, "no owner has the key any more", key);
	if (hf__idem_claim_of(&(*out)->value).token != token)
		return hf__idem_refuse(d, HF_ESTALE, "another token owns the key", key);
	return HF_OK;
}

int hf__idem_emit(struct hf__decision *d, enum hf__idem_kind kind,
                  const struct hf__idem_image *image, struct hf_result *result)
{
	hf__changed(result, kind == HF__IDEM_GONE ? 0 : hf__next_lsn(d));
	hf__idem_encode(hf__entry_body(d), kind, image, false);
	return hf__emit(d, (uint8_t)kind);
}

int64_t hf__idem_expiry(int64_t now, int64_t ttl_us)
{
	return hf__time_after(now, ttl_us ? ttl_us : HF_IDEMPOTENCY_TTL_US);
}
