#include "server/hub/hub.h"

#include <stdlib.h>

#include "server/edge/loop.h"
#include "server/hub/membership.h"
#include "server/hub/reading.h"
#include "server/hub/sweep.h"

enum { PAGE_FIRST = 16, TICK_MS = 100 };

struct subscription *hub_subscribe(const struct subscriber *subscriber,
				   const uint8_t session[16], uint64_t after,
				   uint64_t id)
{
	struct subscription *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->subscriber = *subscriber;
	s->id = id;
	s->next = after + 1;
	s->page = PAGE_FIRST;
	/* the topic is there before the question is asked: what happens in
	 * between is noticed */
	s->topic = topics_make(session);
	if (s->topic == NULL || membership_ask(s) != ERR_OK) {
		if (s->topic != NULL)
			topics_drop_if_unused(s->topic);
		free(s);
		return NULL;
	}
	s->sibling = s->topic->subscriptions;
	s->topic->subscriptions = s;
	return s;
}

void hub_unsubscribe(struct subscription *s)
{
	struct subscription **at = &s->topic->subscriptions;

	while (*at != s)
		at = &(*at)->sibling;
	*at = s->sibling;
	s->over = true;
	topics_drop_if_unused(s->topic);
	s->topic = NULL;
	membership_free_if_over(s);
}

const uint8_t *hub_session(const struct subscription *s)
{
	return s->topic->session;
}

uint64_t hub_next(const struct subscription *s)
{
	return s->next;
}

static void on_tick(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < TOPIC_BUCKETS; i++)
		for (struct topic *t = topics_bucket(i); t != NULL;
		     t = t->next) {
			if (t->delivered < t->known)
				reading_for_all(t);
			for (struct subscription *s = t->subscriptions;
			     s != NULL; s = s->sibling) {
				if (s->unsure)
					membership_recheck(s);
				reading_for_one(s);
			}
		}
	sweep_tick();
}

void hub_start(struct store *store)
{
	membership_start(store);
	reading_start(store);
	sweep_start(store);
	loop_every(TICK_MS, on_tick, NULL);
}
