/* redis-server, started here on a unix socket: append-only file, appendfsync always, nothing else
 * saved. A connection for each thread; a batch is one MSET. */
#include "peers/redis.h"
#include "lib/server.h"
#include "peers/peer.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis {
	struct server server;
	unsigned threads;
	redisContext *contexts[];
};

bool redis_start(struct server *server, const char *directory, bool append_only)
{
	char log[4096];
	(void)snprintf(log, sizeof log, "%s/log", directory);
	if (!server_place(server))
		return false;
	const char *const argv[] = {"redis-server",
	                            "--port",
	                            "0",
	                            "--unixsocket",
	                            server->socket,
	                            "--dir",
	                            directory,
	                            "--appendonly",
	                            append_only ? "yes" : "no",
	                            "--appendfsync",
	                            "always",
	                            "--auto-aof-rewrite-percentage",
	                            "0",
	                            "--save",
	                            "",
	                            "--maxclients",
	                            "200",
	                            "--daemonize",
	                            "no",
	                            NULL};
	return server_start(server, argv, log);
}

static bool complain(const redisContext *context, const char *what)
{
	fprintf(stderr, "redis, %s: %s\n", what, context ? context->errstr : "no connection");
	return false;
}

/* While it loads it answers every command with an error that says so. */
bool redis_loaded(const struct server *server)
{
	redisContext *context = redisConnectUnix(server->socket);
	bool loading = context && !context->err, good = false;
	while (loading) {
		redisReply *reply = redisCommand(context, "PING");
		good = reply && reply->type == REDIS_REPLY_STATUS;
		loading =
		    reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "LOADING", 7) == 0;
		freeReplyObject(reply);
	}
	if (context)
		redisFree(context);
	return good || complain(NULL, "loading");
}

static bool close_it(void *self)
{
	struct redis *r = self;
	for (unsigned i = 0; i < r->threads; i++)
		if (r->contexts[i])
			redisFree(r->contexts[i]);
	const bool good = server_stop(&r->server, SIGTERM);
	free(r);
	return good || complain(NULL, "its end was not clean");
}

static void *open_it(const struct peer_config *config)
{
	struct redis *r = calloc(1, sizeof *r + config->threads * sizeof(redisContext *));
	if (!r)
		return NULL;
	if (!redis_start(&r->server, config->directory, !config->snapshot) ||
	    !redis_loaded(&r->server)) {
		(void)close_it(r);
		return NULL;
	}
	while (r->threads < config->threads) {
		redisContext *context = redisConnectUnix(r->server.socket);
		r->contexts[r->threads++] = context;
		if (!context || context->err) {
			(void)complain(context, "connect");
			(void)close_it(r);
			return NULL;
		}
	}
	return r;
}

static bool is_good(const redisContext *context, redisReply *reply)
{
	const bool good = reply && reply->type != REDIS_REPLY_ERROR;
	if (reply && !good)
		fprintf(stderr, "redis: %s\n", reply->str);
	freeReplyObject(reply);
	return good || complain(context, "put");
}

static bool put(void *self, unsigned thread, const struct row *rows, size_t count)
{
	redisContext *context = ((struct redis *)self)->contexts[thread];
	if (count == 1)
		return is_good(context, redisCommand(context, "SET %b %b", rows->key, (size_t)ROW_KEY,
		                                     rows->value, rows->len));
	const char *words[1 + 2 * ROW_BATCH] = {"MSET"};
	size_t sizes[1 + 2 * ROW_BATCH] = {4};
	for (size_t i = 0; i < count; i++) {
		words[1 + 2 * i] = (const char *)rows[i].key;
		sizes[1 + 2 * i] = ROW_KEY;
		words[2 + 2 * i] = (const char *)rows[i].value;
		sizes[2 + 2 * i] = rows[i].len;
	}
	return is_good(context, redisCommandArgv(context, (int)(1 + 2 * count), words, sizes));
}

static bool get(void *self, unsigned thread, const struct row *row, void *out, size_t *len)
{
	redisContext *context = ((struct redis *)self)->contexts[thread];
	redisReply *reply = redisCommand(context, "GET %b", row->key, (size_t)ROW_KEY);
	const bool good = reply && reply->type == REDIS_REPLY_STRING && reply->len <= ROW_VALUE_MAX;
	if (good) {
		*len = reply->len;
		memcpy(out, reply->str, reply->len);
	}
	freeReplyObject(reply);
	return good || complain(context, "get");
}

static bool snapshot(void *self)
{
	redisContext *context = ((struct redis *)self)->contexts[0];
	return is_good(context, redisCommand(context, "SAVE"));
}

static bool crash(void *self)
{
	return server_stop(&((struct redis *)self)->server, SIGKILL);
}

const struct peer peer_redis = {.name = "Redis",
                                .settings = "append-only file, appendfsync always, unix socket, "
                                            "a connection for each thread; a batch is an MSET",
                                .open = open_it,
                                .put = put,
                                .get = get,
                                .close = close_it,
                                .snapshot = snapshot,
                                .crash = crash};
