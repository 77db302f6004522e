#include "server/hub/membership.h"

#include <stdlib.h>

static struct store *store;
static void (*on_confirmed)(struct subscription *subscription);

void membership_start(struct store *s,
		      void (*confirmed)(struct subscription *subscription))
{
	store = s;
	on_confirmed = confirmed;
}

void membership_free_if_over(struct subscription *s)
{
	if (s->over && s->pending == 0)
		free(s);
}

static enum err ask(struct subscription *s, connection_done *done)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, s->topic->session);
	params_uuid(&params, s->subscriber.device);
	e = store_query(store, STATEMENT_SESSION_SUBSCRIBE, &params, done, s);
	if (e == ERR_OK)
		s->pending++;
	return e;
}

static void on_rechecked(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;

	s->pending--;
	if (s->over) {
		membership_free_if_over(s);
	} else if (e != ERR_OK) {
		s->unsure = true; /* the tick asks again */
	} else if (rows_count(rows) == 1 && rows_bool(rows, 0, "member")) {
		s->member = true;
		s->confirmed = (uint64_t)rows_i64(rows, 0, "last_seq");
		on_confirmed(s);
	} else {
		s->subscriber.on_ended(s->subscriber.arg, s->topic->session,
				       "not-a-member");
	}
}

void membership_recheck(struct subscription *s)
{
	s->member = false;
	s->unsure = ask(s, on_rechecked) != ERR_OK;
}

static void on_first_answer(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;
	struct hub_place place = { 0 };
	uint64_t last;
	bool member;

	s->pending--;
	if (s->over) {
		membership_free_if_over(s);
		return;
	}
	if (e == ERR_OK && rows_count(rows) == 1) {
		place.last_seq = (uint64_t)rows_i64(rows, 0, "last_seq");
		place.first_seq = (uint64_t)rows_i64(rows, 0, "first_seq");
		place.member = rows_bool(rows, 0, "member");
		place.rotation_due = rows_bool(rows, 0, "rotation_due");
		place.gone = place.member && s->next < place.first_seq;
	}
	member = place.member && !place.gone;
	last = place.last_seq;
	if (member && !s->topic->placed) {
		s->topic->placed = true;
		s->topic->delivered = last;
	}
	s->member = member;
	s->confirmed = last;
	if (member && s->topic->known < last)
		s->topic->known = last;
	s->subscriber.on_subscribed(s->subscriber.arg, s->topic->session, s->id,
				    &place, e);
	/* a refused one is unsubscribed by then: `s` may be gone */
	if (member)
		on_confirmed(s);
}

enum err membership_ask(struct subscription *s)
{
	return ask(s, on_first_answer);
}
