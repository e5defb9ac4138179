/* A service with one thread and an event loop: it takes orders from a socket, puts each into an outbox and confirms it to the client only when it
 * is durable. It never waits for the disk: each commit leaves a ticket, and the store's eventfd says when to ask about the tickets. One flush
 * confirms all orders that came meanwhile.
 *
 * The client is a thread here, so that the example runs by itself: it sends its orders a hundred ahead and counts the confirmations. */
#include <holdfast/holdfast.h>

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ORDERS = 1000, WINDOW = 64, AHEAD = 100 };

struct order {
	uint32_t number;
	char what[28];
};

/* Orders that are committed and not confirmed yet, oldest first: tickets are answered in this order. */
struct service {
	hf_store *store;
	int client;
	struct hf_ticket tickets[WINDOW];
	uint32_t numbers[WINDOW];
	size_t first, count;
	uint32_t confirmed;
	struct hf_error error;
};

static int take_order(struct service *s)
{
	struct order order;
	char id[16];
	const size_t last = (s->first + s->count) % WINDOW;

	if (recv(s->client, &order, sizeof order, 0) != (ssize_t)sizeof order)
		return 1;
	snprintf(id, sizeof id, "order-%u", order.number);
	const struct hf_outbox_enqueue args = {
	    .write.ticket = &s->tickets[last], .queue = hf_str("orders"), .id = hf_str(id), .payload = hf_str(order.what)};
	/* A client that sends an order twice is confirmed twice: "it is there already" has a ticket too. */
	if (hf_outbox_enqueue(s->store, NULL, &args, NULL, &s->error))
		return 1;
	s->numbers[last] = order.number;
	s->count++;
	return 0;
}

/* All that are durable by now. */
static int confirm_orders(struct service *s)
{
	for (; s->count > 0; s->count--) {
		const int rc = hf_ticket_poll(s->store, &s->tickets[s->first], &s->error);
		if (rc == HF_ETIMEDOUT)
			return 0; /* and so are all after it */
		if (rc || send(s->client, &s->numbers[s->first], sizeof(uint32_t), 0) < 0)
			return 1;
		s->first = (s->first + 1) % WINDOW;
		s->confirmed++;
	}
	return 0;
}

static int serve(struct service *s)
{
	int event;
	uint64_t times;

	if (hf_eventfd(s->store, &event, &s->error))
		return 1;
	while (s->confirmed < ORDERS) {
		/* With a full window no more orders are taken: the client feels how fast the disk is. */
		struct pollfd fds[] = {{.fd = event, .events = POLLIN}, {.fd = s->count < WINDOW ? s->client : -1, .events = POLLIN}};
		if (poll(fds, 2, 10000) <= 0)
			return 1;
		if (fds[0].revents && read(event, &times, sizeof times) != (ssize_t)sizeof times)
			return 1;
		if (fds[1].revents && take_order(s))
			return 1;
		/* In every round: a ticket may be answered already when it is given, and then no event follows. */
		if (confirm_orders(s))
			return 1;
	}
	return 0;
}

static bool send_order(int fd, uint32_t number)
{
	const struct order order = {.number = number, .what = "two pounds of apples"};

	return send(fd, &order, sizeof order, 0) == (ssize_t)sizeof order;
}

static void *client_main(void *arg)
{
	const int fd = *(const int *)arg;
	uint32_t sent = 0, number;

	for (uint32_t i = 0; i < ORDERS; i++) {
		for (; sent < ORDERS && sent < i + AHEAD; sent++)
			if (!send_order(fd, sent))
				return NULL;
		if (recv(fd, &number, sizeof number, 0) != (ssize_t)sizeof number || number != i)
			return NULL;
	}
	return arg; /* every order was confirmed, in order */
}

int main(void)
{
	struct hf_options options = {.create = true};
	struct service service = {.count = 0};
	struct hf_info info = {0};
	pthread_t client;
	void *happy = NULL;
	int ends[2];

	if (hf_open("orders-store", &options, &service.store, &service.error)) {
		fprintf(stderr, "%s: %s\n", hf_code_name(service.error.code), service.error.text);
		return 1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) || pthread_create(&client, NULL, client_main, &ends[1]))
		return 1;
	service.client = ends[0];
	const int failed = serve(&service) || hf_info(service.store, &info, &service.error);
	if (failed)
		fprintf(stderr, "%s: %s\n", hf_code_name(service.error.code), service.error.text);
	close(ends[0]); /* ends the client's wait if it still waits */
	pthread_join(client, &happy);
	close(ends[1]);
	printf("%u orders confirmed with %llu flushes\n", service.confirmed, (unsigned long long)info.syncs);
	return hf_close(service.store, &service.error) || failed || !happy;
}
