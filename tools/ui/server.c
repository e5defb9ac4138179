/* The server: libmicrohttpd with one thread of its own. What is no part of a page stands here: who
 * is let in, what every answer carries, and how long a connection may take.
 *
 * Connections are bounded in number, memory and time. libmicrohttpd ends those on which nothing
 * comes; one on which a byte comes now and then, or that reads a byte now and then, is ended by
 * server_reap() when its time is over, which is shorter when few places are left. */
#include "ui/ui.h"

#ifdef HOLDFAST_UI
#include "ui/asked.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	CONNECTIONS_MAX = 64,
	CROWDED = CONNECTIONS_MAX - 8,
	CONNECTION_MEMORY = 32 << 10,
	IDLE_S = 15, /* nothing comes */
	ASK_US = 10000000, /* until a request is whole */
	CROWDED_ASK_US = 1000000,
	ANSWER_US = 30000000, /* until an answer is read */
	CROWDED_ANSWER_US = 5000000,
};

struct connection {
	int fd; /* -1: a free place */
	bool asking; /* no request is being answered */
	int64_t since;
};

struct server {
	struct ui *ui;
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* of the connections */
	struct connection connections[CONNECTIONS_MAX];
};

/* --- Connections ------------------------------------------------------------------------------ */

static void turn(struct server *server, struct connection *connection, bool asking)
{
	(void)pthread_mutex_lock(&server->lock);
	if (connection) {
		connection->asking = asking;
		connection->since = cli_monotonic();
	}
	(void)pthread_mutex_unlock(&server->lock);
}

static struct connection *free_place(struct server *server)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (server->connections[i].fd < 0)
			return &server->connections[i];
	return NULL;
}

static void connection_changed(void *ctx, struct MHD_Connection *connection, void **mine,
                               enum MHD_ConnectionNotificationCode code)
{
	struct server *server = ctx;
	(void)pthread_mutex_lock(&server->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct connection *place = info ? free_place(server) : NULL;
		if (place)
			*place = (struct connection){info->connect_fd, true, cli_monotonic()};
		*mine = place;
	} else if (*mine) {
		((struct connection *)*mine)->fd = -1; /* closed after this */
	}
	(void)pthread_mutex_unlock(&server->lock);
}

static struct connection *place_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

void server_reap(struct server *server)
{
	const int64_t now = cli_monotonic();
	size_t used = 0;
	(void)pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		used += server->connections[i].fd >= 0;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *connection = &server->connections[i];
		const bool crowded = used >= CROWDED;
		const int64_t most = connection->asking ? (crowded ? CROWDED_ASK_US : ASK_US)
		                                        : (crowded ? CROWDED_ANSWER_US : ANSWER_US);
		/* only shut down: the server closes it, when it sees that */
		if (connection->fd >= 0 && now - connection->since > most)
			(void)shutdown(connection->fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&server->lock);
}

/* --- Who is let in ---------------------------------------------------------------------------- */

static bool is_port(const char *text)
{
	return *text == '\0' || (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

/* This machine, with any port or none: a tunnel may end at another one. */
static bool is_loopback(const char *host)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
		const size_t len = strlen(names[i]);
		if (strncasecmp(host, names[i], len) == 0 && is_port(host + len))
			return true;
	}
	return false;
}

static enum MHD_Result count_hosts(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
	(void)kind;
	(void)value;
	*(unsigned *)ctx += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	return MHD_YES;
}

static bool has_bearer(const struct ui *ui, const char *given)
{
	static const char word[] = "Bearer ";
	const size_t len = sizeof word - 1;
	return given && strncasecmp(given, word, len) == 0 &&
	       key_equal(ui->key, given + len, strlen(given + len));
}

/* What stands behind the key; NULL: it is not known, or to be asked for with a slash behind it. */
static const char *behind_key(const struct ui *ui, const char *path, const char *bearer,
                              struct answer *answer)
{
	if (!ui->key[0] || has_bearer(ui, bearer))
		return path + 1;
	const size_t len = strcspn(path + 1, "/");
	if (!key_equal(ui->key, path + 1, len)) {
		refuse(answer, 403,
		       "The key is missing or wrong. Open the address that holdfast ui printed.");
		return NULL;
	}
	if (path[1 + len] == '/')
		return path + 1 + len + 1;
	answer->status = 303;
	(void)snprintf(answer->location, sizeof answer->location, "/%s/", ui->key);
	return NULL;
}

static bool may_read(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static void answer_request(struct server *server, struct MHD_Connection *connection,
                           const char *method, struct asked *request, struct answer *answer)
{
	unsigned hosts = 0;
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, count_hosts, &hosts);
	const char *host =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	const char *bearer =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	request->accept =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	if (hosts != 1 || !is_loopback(host)) {
		refuse(answer, 403, "These pages answer to localhost, 127.0.0.1 and [::1] only.");
	} else if (!may_read(method)) {
		refuse(answer, 405, "These pages can only be read.");
	} else if (request->wrong) {
		refuse(answer, request->wrong, "The address cannot be read.");
	} else {
		const char *path = behind_key(server->ui, request->path, bearer, answer);
		if (path)
			route(server->ui, path, request, answer);
	}
}

/* --- Answers ---------------------------------------------------------------------------------- */

static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
     "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
	bool whole = true;
	if (answer->body.failed || (answer->body.len == 0 && answer->status != 303)) {
		static const char words[] = "There is no memory for this page.\n";
		buffer_free(&answer->body);
		answer->body = (struct buffer){0};
		buffer_text(&answer->body, words);
		answer->status = 503;
		answer->type = "text/plain; charset=utf-8";
	}
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(answer->body.len, answer->body.data, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		buffer_free(&answer->body);
		return MHD_NO;
	}
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		whole = whole && MHD_add_response_header(response, headers[i][0], headers[i][1]);
	whole = whole && MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->status == 405)
		whole = whole && MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (answer->location[0])
		whole = whole && MHD_add_response_header(response, "Location", answer->location);
	const enum MHD_Result queued =
	    whole ? MHD_queue_response(connection, answer->status, response) : MHD_NO;
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **mine)
{
	struct server *server = ctx;
	struct asked *request = *mine;
	struct answer answer = {.status = 200, .type = "text/html; charset=utf-8"};
	(void)url;
	(void)version;
	(void)upload;
	if (!request)
		return MHD_NO; /* no memory */
	/* Who may be answered is answered when all was read, which lets the connection go on; what
	 * comes with a request is thrown away. All others are answered at once and hung up on. */
	if (may_read(method) && (!request->begun || *upload_size > 0)) {
		request->begun = true;
		*upload_size = 0;
		return MHD_YES;
	}
	turn(server, place_of(connection), false);
	answer_request(server, connection, method, request, &answer);
	if (answer.title)
		frame(server->ui, &answer);
	return send_answer(connection, &answer);
}

/* As the client sent it: libmicrohttpd's own reading of it ends at a `%00`. */
static void *take_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
	(void)ctx;
	(void)connection;
	return asked_read(target);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **mine,
                      enum MHD_RequestTerminationCode how)
{
	(void)how;
	asked_free(*mine);
	*mine = NULL;
	turn(ctx, place_of(connection), true);
}

/* --- From beginning to end -------------------------------------------------------------------- */

struct server *server_start(struct ui *ui, int listener)
{
	struct server *server = calloc(1, sizeof *server);
	if (!server)
		return NULL;
	server->ui = ui;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		server->connections[i].fd = -1;
	if (pthread_mutex_init(&server->lock, NULL) != 0) {
		free(server);
		return NULL;
	}
	server->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, handle, server,
	    MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
	    take_target, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, server, MHD_OPTION_END);
	if (!server->daemon) {
		(void)pthread_mutex_destroy(&server->lock);
		free(server);
		return NULL;
	}
	return server;
}

void server_stop(struct server *server)
{
	MHD_stop_daemon(server->daemon);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}
#endif
