#include "sender.h"

#include "json.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ONE_IN = 5 }; /* attempts that fail */

bool sender_open(struct sender *sender, uint64_t seed)
{
	sender->seed = seed;
	sender->list = open(SENDER_LIST, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (sender->list < 0)
		perror("demo: " SENDER_LIST);
	return sender->list >= 0;
}

void sender_close(struct sender *sender)
{
	close(sender->list);
}

/* Mixes seed, id and attempt into one number: the same in every run, whichever thread asks and
 * when. */
static uint64_t throw_dice(uint64_t seed, struct hf_bytes id, uint32_t attempts)
{
	const unsigned char *at = id.data;
	uint64_t mixed = seed ^ (UINT64_C(0x9e3779b97f4a7c15) * (attempts + 1));

	for (size_t i = 0; i < id.len; i++)
		mixed = (mixed ^ at[i]) * UINT64_C(0x100000001b3);
	mixed ^= mixed >> 29;
	mixed *= UINT64_C(0xbf58476d1ce4e5b9);
	return mixed ^ mixed >> 32;
}

bool sender_send(const struct sender *sender, struct hf_bytes id, uint32_t attempts, hf_token token,
                 bool *listed)
{
	bool taken = throw_dice(sender->seed, id, attempts) % ONE_IN != 0;
	char line[128];
	int len = snprintf(line, sizeof(line), "%016" PRIx64 " %.*s %s\n", token, (int)id.len,
	                   (const char *)id.data, taken ? "taken" : "refused");

	/* Crash: before the sync nobody has been told anything, and the claim is still open. One
	 * write, so that lines of several threads never mix. */
	*listed = len > 0 && (size_t)len < sizeof(line) &&
	          write(sender->list, line, (size_t)len) == len && fdatasync(sender->list) == 0;
	return taken;
}

/* "00010000000001a4 9e3779b19e370000 taken" */
static bool read_line(const char *line, struct sent *out)
{
	char *id;
	size_t len;

	out->token = strtoull(line, &id, 16);
	if (id != line + 16 || *id++ != ' ')
		return false;
	len = strcspn(id, " \n");
	if (len == 0 || len > SENDER_ID_MAX)
		return false;
	memcpy(out->id, id, len);
	out->id[len] = '\0';
	out->taken = strncmp(id + len, " taken\n", 7) == 0;
	return out->taken || strncmp(id + len, " refused\n", 9) == 0;
}

struct sent *sender_read(size_t *count)
{
	char *text = json_read_text(SENDER_LIST);
	struct sent *list;
	size_t lines = 0;

	*count = 0;
	if (!text)
		return NULL;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	list = calloc(lines + 1, sizeof(*list));
	for (const char *at = text; list && *count < lines; at = strchr(at, '\n') + 1, ++*count) {
		if (read_line(at, &list[*count]))
			continue;
		fprintf(stderr, "demo: " SENDER_LIST ": line %zu is damaged\n", *count + 1);
		free(list);
		list = NULL;
	}
	free(text);
	return list;
}
