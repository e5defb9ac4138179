/* Bytes of a browser and of a store on their way to a page of `holdfast ui`: an address is taken
 * apart or refused, and what comes out of it, or out of a store, is text and no markup (I-UI-1). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "print/text.h"
#include "ui/asked.h"
#include "ui/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Nothing that ends a text or an attribute, and nothing that people do not see. */
static void is_text(struct hf_bytes bytes)
{
	struct buffer to = {0};
	html_text(&to, bytes);
	require(!to.failed);
	for (size_t i = 0; i < to.len;) {
		const size_t shown = text_shown(to.data + i, to.len - i);
		require(shown > 0 && !strchr("<>\"'", to.data[i]));
		if (to.data[i] == '&')
			require(memmem(to.data + i, to.len - i < 7 ? to.len - i : 7, ";", 1));
		i += shown;
	}
	buffer_free(&to);
}

/* A link of ours is read as what it was made of. */
static void comes_back(struct hf_bytes bytes)
{
	struct buffer to = {0};
	buffer_text(&to, "/queue?queue=");
	html_url(&to, bytes);
	require(!to.failed);
	struct asked *asked = asked_read(to.data);
	require(asked);
	if (asked->wrong != 414) {
		const struct hf_bytes got = asked_bytes(asked, "queue");
		require(asked->wrong == 0 && strcmp(asked->path, "/queue") == 0);
		require(equal_bytes(got, bytes));
	}
	asked_free(asked);
	buffer_free(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *target = malloc(size + 1);
	require(target);
	if (size > 0)
		memcpy(target, data, size);
	target[size] = '\0';
	struct asked *asked = asked_read(target);
	require(asked && (asked->wrong == 0) == (asked->path != NULL));
	require(asked->count <= ASKED_PARAMETERS_MAX);
	for (size_t i = 0; i < asked->count; i++) {
		const struct hf_bytes value = asked->parameters[i].value;
		is_text(hf_str(asked->parameters[i].name));
		is_text(value);
		require(((const char *)value.data)[value.len] == '\0');
	}
	asked_free(asked);
	free(target);
	is_text(hf_bytes_of(data, size));
	comes_back(hf_bytes_of(data, size));
	return 0;
}
