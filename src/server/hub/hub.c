#include "server/hub/hub.h"

#include <stdlib.h>

#include "server/edge/loop.h"
#include "server/edge/process.h"
#include "server/hub/giving.h"
#include "server/hub/membership.h"
#include "server/hub/reading.h"
#include "server/hub/sweep.h"

enum { PAGE_FIRST = 16, TICK_MS = 100 };

struct subscription *hub_subscribe(const struct subscriber *subscriber,
				   struct uuid session, uint64_t after,
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

struct uuid hub_session(const struct subscription *s)
{
	return s->topic->session;
}

uint64_t hub_next(const struct subscription *s)
{
	return s->next;
}

const struct subscription *hub_giving(void)
{
	return giving_to();
}

void hub_follow(const struct message *m)
{
	struct topic *topic = topics_find(m->session);

	if (topic == NULL)
		return;
	/* what is being read may hold it, too: it is then passed over */
	if (topic->placed && m->seq == topic->delivered + 1)
		giving_deliver(topic, m);
	else
		reading_grown(topic, m->seq);
}

void hub_members(struct uuid session)
{
	const struct topic *topic = topics_find(session);
	struct subscription *s = topic != NULL ? topic->subscriptions : NULL;

	for (; s != NULL; s = s->sibling)
		if (s->member)
			membership_recheck(s);
}

void hub_typing(const struct notice *notice)
{
	const struct topic *topic = topics_find(notice->id);

	if (topic != NULL)
		giving_typing(topic, notice);
}

void hub_grown(struct uuid session, uint64_t seq)
{
	struct topic *topic = topics_find(session);

	if (topic != NULL)
		reading_grown(topic, seq);
}

void hub_resync(void)
{
	sweep_all();
}

/* The log may have grown, and he may lack what all others have. */
static void on_confirmed(struct subscription *s)
{
	if (s->topic->delivered < s->topic->known)
		reading_for_all(s->topic);
	reading_for_one(s);
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
	topics_start(process_worker());
	membership_start(store, on_confirmed);
	reading_start(store);
	sweep_start(store);
	loop_every(TICK_MS, on_tick, NULL);
}
