/* ui: its row, and the thread that looks at the store and waits for signals. Without libmicrohttpd
 * there is the row alone, and it says so. */
#include "commands/commands.h"
#include "listen/place.h"
#include "print/out.h"
#include "ui/ui.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef HOLDFAST_UI
/* --- While it runs ---------------------------------------------------------------------------- */

enum { LOOK_EVERY_NS = 999000000 };

/* Those that end it; blocked before there are threads, so that this one takes them. */
static bool block_signals(sigset_t *set)
{
	return sigemptyset(set) == 0 && sigaddset(set, SIGINT) == 0 && sigaddset(set, SIGTERM) == 0 &&
	       sigaddset(set, SIGHUP) == 0 && pthread_sigmask(SIG_BLOCK, set, NULL) == 0;
}

static void look_on(struct ui *ui, struct server *server, const sigset_t *signals)
{
	const struct timespec second = {.tv_nsec = LOOK_EVERY_NS};
	for (unsigned looks = 1;; looks++) {
		const int signal = sigtimedwait(signals, NULL, &second);
		if (signal > 0 || (signal < 0 && errno != EAGAIN && errno != EINTR))
			return;
		(void)pthread_mutex_lock(&ui->lock);
		(void)look_again(&ui->look); /* what failed is on the pages */
		samples_add(&ui->samples, &ui->look, looks % SAMPLE_EVERY_S == 0);
		(void)pthread_mutex_unlock(&ui->lock);
		server_reap(server);
	}
}

/* --- Its beginning ---------------------------------------------------------------------------- */

static int announce(struct ui *ui, const char *where, bool tcp)
{
	struct cli *cli = ui->cli;
	char url[UI_KEY_SIZE + 64];
	if (tcp)
		(void)snprintf(url, sizeof url, "http://%s/%s/", where, ui->key);
	out_begin(cli->out, "ui");
	if (tcp)
		out_text(cli->out, "url", url);
	else
		out_bytes(cli->out, "socket", hf_str(where));
	out_end(cli->out);
	return out_flush(cli);
}

static int serve(struct ui *ui, int listener, const char *where, bool tcp)
{
	sigset_t signals;
	if (!block_signals(&signals)) {
		(void)close(listener);
		return cli_fail_with(ui->cli, HF_EIO, "signals cannot be waited for");
	}
	samples_add(&ui->samples, &ui->look, true);
	struct server *server = server_start(ui, listener);
	if (!server) {
		(void)close(listener);
		return cli_fail_with(ui->cli, HF_ENOMEM, "the server cannot begin");
	}
	const int status = announce(ui, where, tcp);
	if (status == CLI_OK)
		look_on(ui, server, &signals);
	server_stop(server);
	return status;
}

/* For those that may read the store's directory. */
static int listen_locally(struct ui *ui, const char *path)
{
	struct hf_error error = {0};
	struct place place;
	int rc = place_make(&place, path, ui->cli->directory, S_IRGRP, &error);
	if (rc == HF_OK)
		rc = place_show(&place, &error);
	const int listener = place.fd;
	place.fd = rc == HF_OK ? -1 : listener; /* the server's from here on */
	const int status = rc == HF_OK ? serve(ui, listener, path, false) : cli_fail(ui->cli, &error);
	place_end(&place);
	return status;
}

static int listen_and_serve(struct ui *ui)
{
	struct cli *cli = ui->cli;
	const char *path = cli_text(cli, "socket");
	char address[64], where[64];
	int status = CLI_OK;
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)cli_u64(cli, "port", 0));
	const char *asked = cli_text(cli, "listen");
	if (path)
		return listen_locally(ui, path);
	const int listener = listen_tcp(cli, asked ? asked : address, where, sizeof where, &status);
	return listener < 0 ? status : serve(ui, listener, where, true);
}

static int run_ui(struct cli *cli, struct ui *ui)
{
	hf_store *store = cli->store;
	cli->store = NULL; /* closed by the look */
	int status = CLI_OK;
	if (pthread_mutex_init(&ui->lock, NULL) != 0) {
		(void)hf_close(store, NULL); /* nothing was written through it */
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory to begin with");
	}
	if (look_begin(&ui->look, cli->directory, cli->allow_unsafe_fs, store) != HF_OK) {
		struct hf_error error = {.code = ui->look.code};
		(void)snprintf(error.text, sizeof error.text, "%s", ui->look.text);
		status = cli_fail_about(cli, &error, cli->directory, cli_next_step(cli, &error));
	} else {
		status = listen_and_serve(ui);
	}
	look_end(&ui->look);
	(void)pthread_mutex_destroy(&ui->lock);
	return status;
}
#endif

static int check_options(struct cli *cli)
{
	const bool tcp = cli_given(cli, "listen") || cli_given(cli, "port");
	if (cli->at_lsn || cli->at_time)
		return cli_usage(cli, "--at: ui shows the state as it is");
	if (cli_given(cli, "listen") && cli_given(cli, "port"))
		return cli_usage(cli, "--listen and --port exclude each other");
	if (cli_given(cli, "socket") && (tcp || cli_given(cli, "key-file")))
		return cli_usage(cli, "--socket needs no %s", tcp ? "address" : "key");
	if (cli_u64(cli, "port", 0) > 65535)
		return cli_usage(cli, "--port: '%s' is no port", cli_text(cli, "port"));
	return CLI_OK;
}

static int ui_run(struct cli *cli, int argc, char **argv)
{
	if (argc > 0)
		cli->directory = argv[0];
	int status = check_options(cli);
	if (status != CLI_OK)
		return status;
#ifdef HOLDFAST_UI
	struct ui *ui = calloc(1, sizeof *ui);
	if (!ui)
		return cli_fail_with(cli, HF_ENOMEM, "there is no memory to begin with");
	ui->cli = cli;
	ui->payloads = cli_flag(cli, "payloads");
	if (!cli_given(cli, "socket"))
		status = key_make(cli, cli_text(cli, "key-file"), ui->key);
	if (status == CLI_OK)
		status = cli_open(cli);
	if (status == CLI_OK)
		status = run_ui(cli, ui);
	free(ui);
	return status;
#else
	return cli_fail_with(cli, HF_EACCESS,
	                     "this holdfast was built without libmicrohttpd and serves no pages; "
	                     "'holdfast top' shows the same on a terminal");
#endif
}

/* clang-format off */
const struct cli_command ui_commands[] = {
	{"ui", NULL, "[DIR]", "serve pages about a store to a browser on this machine",
	 "It prints an address with a random key; who knows it can read, nobody can write. It reads "
	 "beside a writer, after one, or on\na read-only medium, until SIGINT or SIGTERM. /healthz and "
	 "/metrics are for programs: with the key in the path, as in the address,\nor in a header "
	 "'Authorization: Bearer KEY'.",
	 .flags = CLI_READS, .run = ui_run,
	 OPTIONS({"listen", "ADDRESS", "127.0.0.1:PORT or [::1]:PORT; port 0, as without it, is a free "
			"one"},
		{"port", "PORT", "as --listen 127.0.0.1:PORT", CLI_U32},
		{"socket", "PATH", "a unix socket, for those who may read the store's directory; no key"},
		{"key-file", "FILE", "the key from this file; a new one is written there if it is missing"},
		{"payloads", NULL, "show payloads, the first 16 KiB of each"})},
	{0},
};
