/* tier: fast */
/* A caller that is told of damage is told what to run next, whichever call tells it, and however
 * long the sentence is; but not by the very check, nor of a file that is no store's. */
#include "holdfast/document.h"
#include "lib/settings.h"
#include "lib/sim/sim_os.h"
#include "lib/test.h"
#include "store/call/error.h"
#include "store/check/readonly.h"
#include "store/follow/follow.h"
#include "store/store.h"

static bool names_the_next_step(const char *text)
{
	return strstr(text, "'holdfast fsck'") && strstr(text, "'holdfast salvage FROM TO'");
}

/* A store with one document of 5,000 bytes in its log; the bit is one of the payload. */
static struct stage *damaged(uint64_t *bit)
{
	struct stage *stage = stage_open_with(SETTING_LIVE, &(struct hf_options){.inline_max = 100});
	uint8_t bytes[5000];
	memset(bytes, 'x', sizeof bytes);
	const struct hf_document_put_args put = {.key = {hf_str("c"), hf_str("d")},
	                                         .payload = hf_bytes_of(bytes, sizeof bytes)};
	assert_int_equal(hf_document_put(stage->store, NULL, &put, NULL, NULL), HF_OK);
	*bit = UINT64_C(8) * 3000;
	assert_true(sim_flip_bit(stage->sim, "segment-00000001", *bit));
	return stage;
}

static void a_read_of_a_damaged_payload_names_it(void **state)
{
	(void)state;
	uint64_t bit;
	struct stage *stage = damaged(&bit);
	const struct hf_document_key key = {hf_str("c"), hf_str("d")};
	struct hf_document_got got = {0};
	struct hf_error error;
	assert_int_equal(hf_document_get(stage->store, &key, 0, &got, &error), HF_ECORRUPT);
	assert_true(names_the_next_step(error.text));
	assert_int_equal(hf_scrub(stage->store, 0, NULL, NULL, &error), HF_OK); /* it is not sealed */
	stage_drop(stage);
}

static void take_finding(void *ctx, const struct hf_fsck_finding *finding)
{
	unsigned *damages = ctx;
	*damages += finding->severity == HF_FSCK_DAMAGE;
	assert_null(strstr(finding->what, "holdfast fsck"));
}

static void an_opening_names_it_and_the_check_does_not(void **state)
{
	(void)state;
	uint64_t bit;
	struct stage *stage = damaged(&bit);
	struct hf_options options = stage->options;
	struct hf_error error;
	hf_store *store;
	unsigned damages = 0;
	(void)hf_close(stage->store, NULL);
	options.create = false;
	assert_int_equal(
	    hf__store_open(sim_os(stage->sim), hf__all_domains(), &options, &store, &error),
	    HF_ECORRUPT);
	assert_true(names_the_next_step(error.text));
	assert_string_equal(error.file, "segment-00000001");
	assert_int_equal(
	    hf__store_open_read(sim_os(stage->sim), hf__all_domains(), NULL, &store, &error),
	    HF_ECORRUPT);
	assert_true(names_the_next_step(error.text));
	assert_int_equal(
	    hf__fsck(sim_os(stage->sim), hf__all_domains(), NULL, take_finding, &damages, NULL, &error),
	    HF_ECORRUPT);
	assert_null(strstr(error.text, "holdfast fsck"));
	assert_true(damages > 0);
	assert_true(sim_remove_file(stage->sim, "IDENTITY"));
	assert_int_equal(
	    hf__fsck(sim_os(stage->sim), hf__all_domains(), NULL, take_finding, &damages, NULL, &error),
	    HF_ECORRUPT);
	assert_true(sim_flip_bit(stage->sim, "segment-00000001", bit));
	stage->store = NULL;
	stage_drop(stage);
}

static bool ends_in_a_character(const char *text, const char *end)
{
	return ((unsigned char)end[-1] & 0x80) == 0 ||
	       (end - text >= 2 && ((unsigned char)end[-2] & 0xe0) == 0xc0);
}

static void a_long_sentence_makes_room_for_it(void **state)
{
	(void)state;
	struct hf_error error;
	char words[400] = "";
	for (unsigned len = 0; len + 2 < sizeof words; len += 2) {
		(void)hf__fail_at(&error, HF_ECORRUPT, "WITNESS", 0, "%s", words);
		assert_true(names_the_next_step(error.text));
		const char *end = strstr(error.text, "; 'holdfast fsck'");
		assert_int_equal(strncmp(error.text, words, (size_t)(end - error.text)), 0);
		assert_true(len == 0 || ends_in_a_character(error.text, end));
		hf__error_cut_next_step(error.text);
		assert_null(strstr(error.text, "holdfast"));
		memcpy(words + len, "\xc3\xa4", 3); /* a letter of two bytes */
		if (len % 6 == 0)
			memcpy(words + len, "ab", 3);
	}
}

static void other_failures_and_other_files_are_left_alone(void **state)
{
	(void)state;
	struct hf_error error;
	(void)hf__fail_at(&error, HF_EIO, "WITNESS", 0, "no");
	assert_string_equal(error.text, "no");
	(void)hf__fail_at(&error, HF_ECORRUPT, "", 7, "the file is no whole snapshot");
	assert_string_equal(error.text, "the file is no whole snapshot");
	assert_int_equal(hf__fail_at(NULL, HF_ECORRUPT, "WITNESS", 0, "no"), HF_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_read_of_a_damaged_payload_names_it),
	    cmocka_unit_test(an_opening_names_it_and_the_check_does_not),
	    cmocka_unit_test(a_long_sentence_makes_room_for_it),
	    cmocka_unit_test(other_failures_and_other_files_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
