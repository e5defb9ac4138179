/* A program of hiredis that uses a served store: see test_process.py. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisReply *need(redisReply *reply, int type)
{
	if (!reply || reply->type != type) {
		fprintf(stderr, "type %d: %s\n", reply ? reply->type : -1, reply ? reply->str : "");
		exit(1);
	}
	return reply;
}

static const char *member(const redisReply *map, const char *name)
{
	for (size_t i = 0; i + 1 < map->elements; i += 2)
		if (strcmp(map->element[i]->str, name) == 0)
			return map->element[i + 1]->str;
	return "";
}

int main(int argc, char **argv)
{
	redisContext *to = argc == 2 ? redisConnectUnix(argv[1]) : NULL;
	if (!to || to->err)
		return 2;
	const char bytes[] = {'a', '\0', '\r', '\n'};
	freeReplyObject(
	    need(redisCommand(to, "DOCUMENT.PUT c 1 %b", bytes, sizeof bytes), REDIS_REPLY_ARRAY));
	redisReply *got = need(redisCommand(to, "DOCUMENT.GET c 1"), REDIS_REPLY_ARRAY);
	if (memcmp(member(got, "payload"), bytes, sizeof bytes) != 0)
		return 3;
	freeReplyObject(got);
	for (int i = 0; i < 500; i++)
		redisAppendCommand(to, "OUTBOX.ENQUEUE q %d p", i);
	for (int i = 0; i < 500; i++) {
		void *reply;
		if (redisGetReply(to, &reply) != REDIS_OK)
			return 4;
		freeReplyObject(need(reply, REDIS_REPLY_ARRAY));
	}
	freeReplyObject(need(redisCommand(to, "LOCK.GET none"), REDIS_REPLY_ERROR));
	freeReplyObject(need(redisCommand(to, "MULTI"), REDIS_REPLY_STATUS));
	freeReplyObject(need(redisCommand(to, "DOCUMENT.PUT c 2 p"), REDIS_REPLY_STATUS));
	freeReplyObject(need(redisCommand(to, "EXEC"), REDIS_REPLY_ARRAY));
	redisFree(to);
	puts("all well");
	return 0;
}
