/* Answers what is said to it, wherever it is invited.
 *   cc bot.c $(pkg-config --cflags --libs hermetic)
 *   ./a.out HOME SERVER NAME, with the passphrase in BOT_PASSPHRASE */
#include <hermetic/hermetic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(const struct hermetic *h, enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return;
	fprintf(stderr, "%s %s\n", hermetic_why(h), hermetic_advice(result));
	exit(1);
}

static void answer(struct hermetic *h, const struct hermetic_event *event)
{
	struct hermetic_saying reply;
	enum hermetic_result result = HERMETIC_OK;
	char text[65536];

	memset(&reply, 0, sizeof(reply));
	reply.size = sizeof(reply);
	reply.to_new_members = true;
	if (event->kind == HERMETIC_EVENT_INVITED)
		result = hermetic_join(h, event->session);
	if (event->kind == HERMETIC_EVENT_TEXT && !event->own) {
		snprintf(text, sizeof(text), "%s said: %s", event->from,
			 event->text);
		reply.about = event->number;
		result = hermetic_send(h, event->session, text, &reply, NULL);
	}
	if (result != HERMETIC_OK)
		fprintf(stderr, "%s\n", hermetic_why(h));
}

int main(int argc, char **argv)
{
	static struct hermetic_config config;
	enum hermetic_result result;
	const struct hermetic_event *event;
	struct hermetic *h;
	struct pollfd wait = { -1, POLLIN, 0 };

	if (argc != 4)
		return 2;
	config.size = sizeof(config);
	config.home = argv[1];
	config.server = argv[2];
	config.username = argv[3];
	config.passphrase = getenv("BOT_PASSPHRASE");
	result = hermetic_new(&config, &h);
	must(h, result);
	must(h, hermetic_exists(h) ? hermetic_open(h) : hermetic_register(h));
	must(h, hermetic_listen(h));
	printf("%s listens\n", hermetic_username(h));
	fflush(stdout);
	for (wait.fd = hermetic_fd(h);;) {
		poll(&wait, 1, -1);
		hermetic_step(h, 0); /* what fails is tried again */
		while ((event = hermetic_next_event(h)) != NULL)
			answer(h, event);
	}
}
