/* tier: fast */
/* Document entries: each kind in bytes, in words, and what it is about; damaged bodies; and
 * bodies that are well formed but could not have been written at the state they meet. Apply
 * refuses all of them and is as it was. */
#include "domains/common/domains.h"
#include "domains/document/document.h"
#include "lib/logged.h"
#include "lib/test.h"

#define SECOND INT64_C(1000000)
#define AT INT64_C(1795167000000000)
#define LSN 1000u

/* --- Bytes and words -------------------------------------------------------------------------- */

#define KEY .collection = {"jobs", 4}, .id = {"42", 2}
#define WHOLE KEY, .orders = 5, .created_at = AT, .updated_at = AT

static const struct sample {
	enum hf__document_kind kind;
	struct hf__document_image image;
	const char *words;
	const char *operation;
	bool removed, many;
} samples[] = {
    {HF__DOCUMENT_WHOLE,
     {WHOLE, .cause = HF__DOCUMENT_CREATE, .group = {"open", 4}, .expires_at = HF_UNSET,
      .payload = {"hello", 5}},
     "put jobs/42 in open 5 bytes",
     "put",
     false,
     false},
    {HF__DOCUMENT_WHOLE,
     {WHOLE, .cause = HF__DOCUMENT_REPLACE, .expires_at = AT + 3 * SECOND / 2},
     "put jobs/42 0 bytes for 1.500000s",
     "put",
     false,
     false},
    {HF__DOCUMENT_WHOLE,
     {WHOLE, .cause = HF__DOCUMENT_STATE, .expires_at = AT - SECOND},
     "state jobs/42 0 bytes for 0.000000s",
     "state",
     false,
     false},
    {HF__DOCUMENT_REGROUPED,
     {.collection = {"my jobs", 7},
      .id = {"a/b", 3},
      .cause = HF__DOCUMENT_REGROUP,
      .updated_at = AT,
      .expires_at = HF_UNSET},
     "regroup \"my jobs\"/\"a/b\" in \"\"",
     "regroup",
     false,
     false},
    {HF__DOCUMENT_GONE,
     {KEY, .cause = HF__DOCUMENT_REMOVE, .expires_at = HF_UNSET},
     "remove jobs/42",
     "remove",
     true,
     false},
    {HF__DOCUMENT_GONE,
     {KEY, .cause = HF__DOCUMENT_EXPIRE, .expires_at = HF_UNSET},
     "expire jobs/42",
     "expire",
     true,
     false},
    {HF__DOCUMENT_CLEARED,
     {.collection = {"jobs", 4}, .cause = HF__DOCUMENT_CLEAR, .expires_at = HF_UNSET},
     "clear jobs",
     "clear",
     true,
     true},
    {HF__DOCUMENT_CLEARED,
     {.collection = {"jobs", 4}, .cause = HF__DOCUMENT_EXPIRE, .expires_at = HF_UNSET},
     "expire jobs",
     "expire",
     true,
     true},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static struct hf_bytes bytes_of(const struct hf__writer *w)
{
	return hf_bytes_of(w->data, w->len);
}

static void entries_tell_what_they_do_and_to_whom(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];
		struct hf__writer body = {0};
		char words[200] = "";
		struct hf__text text = {words, sizeof words, 0};
		struct hf__about about;
		hf__document_encode(&body, s->kind, &s->image, false);
		const struct hf__entry entry = {
		    .lsn = LSN, .at = AT, .kind = (uint8_t)s->kind, .body = bytes_of(&body)};
		hf__document_domain.describe(&entry, &text);
		assert_string_equal(words, s->words);
		assert_true(hf__document_domain.about(&entry, &about));
		assert_string_equal(about.operation, s->operation);
		assert_true(about.removed == s->removed && about.many == s->many &&
		            about.parts == (s->many ? 1u : 2u));
		assert_true(hf__bytes_equal(about.key[0], s->image.collection) && about.reason.len == 0);
		assert_true(hf__bytes_equal(about.key[1], s->image.id));
		hf__writer_deinit(&body);
	}
}

/* Whatever is accepted means exactly one body: encoding it again gives the same bytes. And words
 * are found for anything. */
static bool try_body(uint8_t kind, struct hf_bytes body)
{
	struct hf__document_image image;
	struct hf__about about;
	char words[300] = "";
	struct hf__text text = {words, sizeof words, 0};
	const struct hf__entry entry = {.lsn = LSN, .at = AT, .kind = kind, .body = body};
	hf__document_domain.describe(&entry, &text);
	assert_true(words[0] != '\0');
	const bool decoded = hf__document_decode(kind, body, &image);
	assert_true(hf__document_domain.about(&entry, &about) == decoded);
	if (!decoded)
		return false;
	struct hf__writer again = {0};
	hf__document_encode(&again, (enum hf__document_kind)kind, &image, false);
	assert_true(hf__bytes_equal(body, bytes_of(&again)));
	hf__writer_deinit(&again);
	return true;
}

static void damaged_bodies_are_refused_or_mean_what_they_say(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct hf__writer body = {0};
		hf__document_encode(&body, samples[i].kind, &samples[i].image, false);
		const uint8_t kind = (uint8_t)samples[i].kind;
		assert_true(try_body(kind, bytes_of(&body)));
		for (size_t len = 0; len < body.len; len++)
			assert_false(try_body(kind, hf_bytes_of(body.data, len)));
		for (size_t bit = 0; bit < body.len * 8; bit++) {
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			(void)try_body(kind, bytes_of(&body));
			body.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		hf__put_u8(&body, 0);
		assert_false(try_body(kind, bytes_of(&body)));
		for (unsigned other = 0; other < 256; other++)
			if (other != kind)
				assert_false(try_body((uint8_t)other, hf_bytes_of(body.data, body.len - 1)));
		hf__writer_deinit(&body);
	}
}

/* --- State ------------------------------------------------------------------------------------ */

static struct hf__document_image image_for(const char *id, enum hf__document_cause cause)
{
	return (struct hf__document_image){.cause = cause,
	                                   .collection = hf_str("jobs"),
	                                   .id = hf_str(id),
	                                   .orders = 5,
	                                   .group = hf_str("g"),
	                                   .created_at = AT,
	                                   .updated_at = AT,
	                                   .expires_at = HF_UNSET};
}

static int apply(struct bare *b, uint64_t lsn, enum hf__document_kind kind,
                 const struct hf__document_image *image)
{
	struct hf__writer body = {0};
	hf__document_encode(&body, kind, image, false);
	const struct hf__entry entry = {
	    .lsn = lsn, .at = AT, .kind = (uint8_t)kind, .body = bytes_of(&body)};
	const int rc = bare_apply(b, &entry);
	if (rc == HF_OK)
		hf__change_keep(&b->change);
	bare_verify(b, HF_OK);
	hf__writer_deinit(&body);
	return rc;
}

/* "there", "brief" (it expires), "over" (it has), and "over" alone in another collection. */
static void bare_fill(struct bare *b)
{
	struct hf__document_image image = image_for("there", HF__DOCUMENT_CREATE);
	assert_int_equal(apply(b, 1, HF__DOCUMENT_WHOLE, &image), HF_OK);
	image = image_for("brief", HF__DOCUMENT_CREATE);
	image.expires_at = AT + 1;
	assert_int_equal(apply(b, 2, HF__DOCUMENT_WHOLE, &image), HF_OK);
	image = image_for("over", HF__DOCUMENT_CREATE);
	image.expires_at = AT;
	assert_int_equal(apply(b, 3, HF__DOCUMENT_WHOLE, &image), HF_OK);
	image.collection = hf_str("old");
	assert_int_equal(apply(b, 4, HF__DOCUMENT_WHOLE, &image), HF_OK);
}

static const struct misfit {
	const char *what;
	enum hf__document_kind kind;
	const char *collection, *id;
	enum hf__document_cause cause;
	const char *group;
	uint8_t orders;
	int code;
} misfits[] = {
    {"created twice", HF__DOCUMENT_WHOLE, "jobs", "there", HF__DOCUMENT_CREATE, "g", 5,
     HF_ECORRUPT},
    {"created before it expired", HF__DOCUMENT_WHOLE, "jobs", "brief", HF__DOCUMENT_CREATE, "g", 5,
     HF_ECORRUPT},
    {"state over a document", HF__DOCUMENT_WHOLE, "jobs", "over", HF__DOCUMENT_STATE, "g", 5,
     HF_ECORRUPT},
    /* An entry is dated at its decision or a little later: that something had expired by then
     * says nothing. */
    {"nothing replaced", HF__DOCUMENT_WHOLE, "jobs", "none", HF__DOCUMENT_REPLACE, "g", 5,
     HF_ECORRUPT},
    {"replaced after it expired", HF__DOCUMENT_WHOLE, "jobs", "over", HF__DOCUMENT_REPLACE, "g", 5,
     HF_OK},
    {"other orders", HF__DOCUMENT_WHOLE, "jobs", "new", HF__DOCUMENT_CREATE, "g", 1, HF_ECORRUPT},
    {"other orders beside what expired", HF__DOCUMENT_WHOLE, "old", "new", HF__DOCUMENT_CREATE, "g",
     1, HF_ECORRUPT},
    {"no order", HF__DOCUMENT_WHOLE, "new", "new", HF__DOCUMENT_CREATE, "g", 0, HF_ECORRUPT},
    {"too many orders", HF__DOCUMENT_WHOLE, "new", "new", HF__DOCUMENT_CREATE, "g", 64,
     HF_ECORRUPT},
    {"a whole one by a removal", HF__DOCUMENT_WHOLE, "jobs", "there", HF__DOCUMENT_REMOVE, "g", 5,
     HF_ECORRUPT},
    {"nothing regrouped", HF__DOCUMENT_REGROUPED, "jobs", "none", HF__DOCUMENT_REGROUP, "h", 5,
     HF_ECORRUPT},
    {"regrouped to where it is", HF__DOCUMENT_REGROUPED, "jobs", "there", HF__DOCUMENT_REGROUP, "g",
     5, HF_ECORRUPT},
    {"regrouped after it expired", HF__DOCUMENT_REGROUPED, "jobs", "over", HF__DOCUMENT_REGROUP,
     "h", 5, HF_OK},
    {"nothing removed", HF__DOCUMENT_GONE, "jobs", "none", HF__DOCUMENT_REMOVE, "g", 5,
     HF_ECORRUPT},
    {"removed after it expired", HF__DOCUMENT_GONE, "jobs", "over", HF__DOCUMENT_REMOVE, "g", 5,
     HF_OK},
    {"expired, but never would", HF__DOCUMENT_GONE, "jobs", "there", HF__DOCUMENT_EXPIRE, "g", 5,
     HF_ECORRUPT},
    {"expired too soon", HF__DOCUMENT_GONE, "jobs", "brief", HF__DOCUMENT_EXPIRE, "g", 5,
     HF_ECORRUPT},
    {"removed by a put", HF__DOCUMENT_GONE, "jobs", "there", HF__DOCUMENT_REPLACE, "g", 5,
     HF_ECORRUPT},
    {"nothing cleared", HF__DOCUMENT_CLEARED, "none", "", HF__DOCUMENT_CLEAR, "g", 5, HF_ECORRUPT},
    {"cleared after all expired", HF__DOCUMENT_CLEARED, "old", "", HF__DOCUMENT_CLEAR, "g", 5,
     HF_OK},
    {"all expired too soon", HF__DOCUMENT_CLEARED, "jobs", "", HF__DOCUMENT_EXPIRE, "g", 5,
     HF_ECORRUPT},
    {"cleared by a removal", HF__DOCUMENT_CLEARED, "jobs", "", HF__DOCUMENT_REMOVE, "g", 5,
     HF_ECORRUPT},
    /* What fits, lest the bench refuses everything. */
    {"created", HF__DOCUMENT_WHOLE, "jobs", "new", HF__DOCUMENT_CREATE, "g", 5, HF_OK},
    {"created elsewhere", HF__DOCUMENT_WHOLE, "new", "new", HF__DOCUMENT_CREATE, "", 15, HF_OK},
    {"created where one expired", HF__DOCUMENT_WHOLE, "jobs", "over", HF__DOCUMENT_CREATE, "g", 5,
     HF_OK},
    {"state", HF__DOCUMENT_WHOLE, "jobs", "new", HF__DOCUMENT_STATE, "g", 5, HF_OK},
    {"replaced", HF__DOCUMENT_WHOLE, "jobs", "brief", HF__DOCUMENT_REPLACE, "h", 5, HF_OK},
    {"regrouped", HF__DOCUMENT_REGROUPED, "jobs", "there", HF__DOCUMENT_REGROUP, "h", 5, HF_OK},
    {"removed", HF__DOCUMENT_GONE, "jobs", "brief", HF__DOCUMENT_REMOVE, "g", 5, HF_OK},
    {"expired", HF__DOCUMENT_GONE, "jobs", "over", HF__DOCUMENT_EXPIRE, "g", 5, HF_OK},
    {"cleared", HF__DOCUMENT_CLEARED, "jobs", "", HF__DOCUMENT_CLEAR, "g", 5, HF_OK},
    {"all expired", HF__DOCUMENT_CLEARED, "old", "", HF__DOCUMENT_EXPIRE, "g", 5, HF_OK},
};

static void entries_that_do_not_fit_the_state_are_refused(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
		const struct misfit *m = &misfits[i];
		struct bare bare;
		struct hf__document_image image = image_for(m->id, m->cause);
		bare_init(&bare, &hf__document_domain);
		bare_fill(&bare);
		image.collection = hf_str(m->collection);
		image.orders = m->orders;
		image.group = hf_str(m->group);
		const int rc = apply(&bare, LSN, m->kind, &image);
		if (rc != m->code)
			fail_msg("%s: %s", m->what, hf_code_name(rc));
		bare_deinit(&bare);
	}
}

/* --- Verify notices --------------------------------------------------------------------------- */

static void verify_notices_what_is_wrong(void **unused)
{
	(void)unused;
	for (unsigned fault = 0; fault < 9; fault++) {
		struct bare bare;
		bare_init(&bare, &hf__document_domain);
		bare_fill(&bare);
		struct hf__document_state *state = bare.state;
		struct hf__collection *collection = hf__container_find(state, hf_str("jobs"));
		struct hf__document *document = hf__document_find(state, hf_str("jobs"), hf_str("brief"));
		const size_t size = sizeof *document + document->len;
		struct hf__document *stray = hf__alloc(size);
		assert_non_null(stray);
		memcpy(stray, document, size);
		stray->value.updated_at++;
		bare_verify(&bare, HF_OK);
		if (fault == 0)
			document->value.updated_at++; /* beside the hook */
		else if (fault == 1)
			collection->views[HF__DOCUMENT_CREATED].top.most--;
		else if (fault == 2)
			hf__heap_remove(&state->endings[document->value.computed], &document->ending->heap);
		else if (fault == 3)
			hf__index_remove(&collection->views[HF__DOCUMENT_GROUP_ENDING], document);
		else if (fault == 4)
			hf__map_remove(&state->documents, document);
		else if (fault == 5)
			collection->value.orders = 7;
		else if (fault == 6)
			hf__index_remove(&collection->views[HF__DOCUMENT_GROUP_CREATED], document);
		else if (fault == 7)
			hf__container_until(collection, AT);
		else
			hf__index_insert(&collection->views[HF__DOCUMENT_UPDATED], stray);
		bare_verify(&bare, HF_ECORRUPT);
		if (fault == 4) /* or it would not be freed */
			hf__map_insert(&state->documents, document,
			               state->documents.hash(&state->documents, document));
		bare_deinit(&bare);
		hf__free(stray);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_tell_what_they_do_and_to_whom),
	    cmocka_unit_test(damaged_bodies_are_refused_or_mean_what_they_say),
	    cmocka_unit_test(entries_that_do_not_fit_the_state_are_refused),
	    cmocka_unit_test(verify_notices_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
