/* A service with one thread and an event loop: it takes orders from a socket, puts each into an
 * outbox and confirms it to the client only when it is durable. It never waits for the disk:
 * each commit leaves a ticket, and the store's eventfd says when to ask about the tickets. One
 * flush confirms all orders that came meanwhile.
 *
 * The service is a process here, and the client is the other one: it sends its orders some way
 * ahead, counts the confirmations, kills the service in the middle, and then looks whether
 * everything that was confirmed is there. */
#include "example.h"

#include <sys/epoll.h>
#include <sys/socket.h>

enum { ORDERS = 2000, WINDOW = 64, AHEAD = 100, KILLED_AT = 1500 };

struct order {
	uint32_t number;
	char what[28];
};

/* Orders that are committed and not confirmed yet, oldest first: tickets are answered in this
 * order. */
struct service {
	hf_store *store;
	int loop, told, client;
	struct hf_ticket tickets[WINDOW];
	uint32_t numbers[WINDOW];
	size_t first, count;
	bool listening; /* to the client */
	uint32_t confirmed;
};

/* With a full window no more orders are taken: the client feels how fast the disk is. */
static void listen_to_client(struct service *s, bool listening)
{
	struct epoll_event event = {.events = listening ? EPOLLIN : 0, .data.fd = s->client};

	if (s->listening != listening)
		need(epoll_ctl(s->loop, EPOLL_CTL_MOD, s->client, &event) == 0, "epoll_ctl");
	s->listening = listening;
}

static void take_order(struct service *s)
{
	struct order order;
	struct hf_error error;
	char id[24];
	const size_t last = (s->first + s->count) % WINDOW;

	need(recv(s->client, &order, sizeof order, 0) == (ssize_t)sizeof order, "the client is gone");
	snprintf(id, sizeof id, "order-%u", order.number);
	const struct hf_outbox_enqueue_args args = {.write.ticket = &s->tickets[last],
	                                            .queue = hf_str("orders"),
	                                            .id = hf_str(id),
	                                            .payload = hf_str(order.what)};
	/* A client that sends an order twice is confirmed twice: "it is there already" has a ticket
	 * too. */
	must(hf_outbox_enqueue(s->store, NULL, &args, NULL, &error), &error);
	s->numbers[last] = order.number;
	s->count++;
}

/* How many flushes it took. */
static void tell(const struct service *s)
{
	struct hf_info info = {0};
	struct hf_error error;

	must(hf_get_info(s->store, &info, &error), &error);
	printf("   %u orders confirmed with %llu flushes\n", s->confirmed,
	       (unsigned long long)info.syncs);
	fflush(stdout);
	if (info.syncs >= s->confirmed)
		exit(1); /* a flush for each of them: then the tickets are of no use */
}

/* All that are durable by now. */
static void confirm_orders(struct service *s)
{
	struct hf_error error;

	for (; s->count > 0; s->count--) {
		const int rc = hf_ticket_poll(s->store, &s->tickets[s->first], &error);
		if (rc == HF_ETIMEDOUT)
			return; /* and so are all after it */
		must(rc, &error);
		need(send(s->client, &s->numbers[s->first], sizeof(uint32_t), 0) > 0, "the client is gone");
		s->first = (s->first + 1) % WINDOW;
		if (++s->confirmed % 500 == 0)
			tell(s);
	}
}

static void serve(int client)
{
	struct service s = {
	    .store = open_store(), .loop = epoll_create1(0), .client = client, .listening = true};
	struct epoll_event event = {.events = EPOLLIN, .data.fd = client};
	struct hf_error error;
	uint64_t times;

	must(hf_eventfd(s.store, &s.told, &error), &error);
	need(s.loop >= 0 && epoll_ctl(s.loop, EPOLL_CTL_ADD, client, &event) == 0, "epoll");
	event.data.fd = s.told;
	need(epoll_ctl(s.loop, EPOLL_CTL_ADD, s.told, &event) == 0, "epoll_ctl");
	for (;;) {
		need(epoll_wait(s.loop, &event, 1, -1) == 1, "epoll_wait");
		if (event.data.fd == s.told)
			need(read(s.told, &times, sizeof times) == (ssize_t)sizeof times, "eventfd");
		else
			take_order(&s);
		/* In every round: a ticket may be answered already when it is given, and then no event
		 * follows. */
		confirm_orders(&s);
		listen_to_client(&s, s.count < WINDOW);
	}
}

/* Sends orders and counts confirmations, which come in order, until it has had enough. Gives how
 * many orders it sent. */
static uint32_t be_client(int service)
{
	uint32_t sent = 0, number;

	for (uint32_t confirmed = 0; confirmed < KILLED_AT; confirmed++) {
		for (; sent < ORDERS && sent < confirmed + AHEAD; sent++) {
			const struct order order = {.number = sent, .what = "two pounds of apples"};
			need(send(service, &order, sizeof order, 0) == (ssize_t)sizeof order,
			     "the service is gone");
		}
		need(recv(service, &number, sizeof number, 0) == (ssize_t)sizeof number &&
		         number == confirmed,
		     "the service is gone");
	}
	return sent;
}

/* What was confirmed is there, and what else is there came right behind it: an order is durable
 * only when all before it are. */
static void check_orders(hf_store *store, uint32_t sent)
{
	const struct hf_outbox_list_args all = {.queue = hf_str("orders")};
	struct hf_outbox_items found = {0};
	struct hf_error error;
	size_t in_turn = 0;
	char id[32];

	must(hf_outbox_list(store, &all, 0, &found, &error), &error);
	printf("   %d orders confirmed, %zu found, %u sent\n", KILLED_AT, found.count, sent);
	check(found.count >= KILLED_AT && found.count <= sent,
	      "every order that was confirmed is there");
	for (size_t i = 0; i < found.count; i++) {
		snprintf(id, sizeof id, "order-%zu", i);
		in_turn += equal(found.items[i].id, hf_str(id));
	}
	check(in_turn == found.count, "and there is no hole among those that are");
	hf_release(found.memory);
}

int main(void)
{
	int ends[2];

	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "socketpair");
	fflush(stdout);
	const pid_t service = fork();
	need(service >= 0, "fork");
	if (service == 0) {
		close(ends[1]);
		serve(ends[0]);
	}
	close(ends[0]);
	const uint32_t sent = be_client(ends[1]);
	kill(service, SIGKILL);
	need(waitpid(service, NULL, 0) == service, "waitpid");
	close(ends[1]);

	hf_store *store = open_store();
	check_orders(store, sent);
	close_store(store);
	return 0;
}
