/* What docs/embedding.md says of threads: each of these has a handle of its own, two of
 * them of one folder, and all of them talk in one session at once.
 *
 *   threads FOLDER SERVER NAME        says "all heard all" */
#include <hermetic/hermetic.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE 3
#define TEXTS 5
#define SECONDS 120

struct person {
	pthread_t thread;
	struct hermetic *h;
	char home[512], name[64];
	char session[HERMETIC_ID_SIZE];
	const char *server;
	bool writes_only; /* another handle of the same folder */
};

static void fail(const struct person *person, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", person->name, what,
		hermetic_why(person->h));
	exit(1);
}

static void open_handle(struct person *person)
{
	struct hermetic_config config;
	enum hermetic_result result;

	memset(&config, 0, sizeof(config));
	config.size = sizeof(config);
	config.home = person->home;
	config.server = person->server;
	config.username = person->name;
	config.passphrase = "threads have one, too";
	config.scrypt_n = 16384;
	config.stock = 3;
	result = hermetic_new(&config, &person->h);
	if (result == HERMETIC_OK)
		result = hermetic_exists(person->h)
			     ? hermetic_open(person->h)
			     : hermetic_register(person->h);
	if (result != HERMETIC_OK)
		fail(person, "open");
}

static void say(struct person *person, unsigned i)
{
	struct hermetic_saying saying;
	char text[32];
	enum hermetic_result result;

	memset(&saying, 0, sizeof(saying));
	saying.size = sizeof(saying);
	saying.to_new_members = true;
	snprintf(text, sizeof(text), "text %u", i);
	result = hermetic_send(person->h, person->session, text, &saying, NULL);
	if (result != HERMETIC_OK && result != HERMETIC_KEPT)
		fail(person, "send");
}

static void hear(struct person *person, unsigned count)
{
	const struct hermetic_event *event;

	for (unsigned i = 0; i < SECONDS && count > 0; i++) {
		hermetic_step(person->h, 1000);
		while ((event = hermetic_next_event(person->h)) != NULL)
			if (event->kind == HERMETIC_EVENT_TEXT && count > 0)
				count--;
	}
	if (count > 0)
		fail(person, "hear");
}

static void *run(void *arg)
{
	struct person *person = (struct person *)arg;

	for (unsigned i = 0; i < TEXTS; i++)
		say(person, i);
	if (!person->writes_only)
		hear(person, (PEOPLE + 1) * TEXTS);
	return NULL;
}

static void *come(void *arg)
{
	struct person *person = (struct person *)arg;

	open_handle(person);
	return NULL;
}

/* `step` for each person, all at once. */
static void together(struct person *people, void *(*step)(void *))
{
	for (unsigned i = 0; i < PEOPLE + 1; i++)
		if (pthread_create(&people[i].thread, NULL, step, &people[i]) !=
		    0)
			exit(1);
	for (unsigned i = 0; i < PEOPLE + 1; i++)
		pthread_join(people[i].thread, NULL);
}

static void meet(struct person *people)
{
	struct hermetic_creation creation;
	const char *users[PEOPLE];

	memset(&creation, 0, sizeof(creation));
	creation.size = sizeof(creation);
	creation.users = users;
	creation.user_count = PEOPLE - 1;
	for (unsigned i = 1; i < PEOPLE; i++)
		users[i - 1] = people[i].name;
	if (hermetic_create(people[0].h, &creation, people[0].session) !=
	    HERMETIC_OK)
		fail(&people[0], "create");
	for (unsigned i = 1; i < PEOPLE + 1; i++) {
		memcpy(people[i].session, people[0].session, HERMETIC_ID_SIZE);
		if (i < PEOPLE &&
		    hermetic_join(people[i].h, people[i].session) !=
			HERMETIC_OK)
			fail(&people[i], "join");
	}
	for (unsigned i = 0; i < PEOPLE; i++)
		if (hermetic_follow(people[i].h, people[i].session, 0) !=
			HERMETIC_OK ||
		    hermetic_listen(people[i].h) != HERMETIC_OK)
			fail(&people[i], "listen");
}

int main(int argc, char **argv)
{
	static struct person people[PEOPLE + 1];

	if (argc != 4)
		return 2;
	for (unsigned i = 0; i < PEOPLE + 1; i++) {
		unsigned who = i % PEOPLE;

		people[i].server = argv[2];
		people[i].writes_only = i >= PEOPLE;
		snprintf(people[i].home, sizeof(people[i].home), "%s/%u",
			 argv[1], who);
		snprintf(people[i].name, sizeof(people[i].name), "%s-%u",
			 argv[3], who);
	}
	open_handle(&people[0]); /* there is a state that two handles open */
	hermetic_free(people[0].h);
	together(people, come);
	meet(people);
	together(people, run);
	for (unsigned i = 0; i < PEOPLE + 1; i++)
		hermetic_free(people[i].h);
	puts("all heard all");
	return 0;
}
