#include "device/group/breaks.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

/* What is remembered of one session; the oldest go first. */
#define BREAKS_MAX 32

/* So many of one device's, and it is removed. */
#define BREAKS_TO_REMOVE 2

static json_t *list_of(const struct membership *m)
{
	return json_object_get(m->notes, "breaks");
}

static bool is_by(const json_t *item, struct span identity)
{
	const char *by = record_string(item, "by");

	return by != NULL && span_equal(span_str(by), identity);
}

static bool is_set(const json_t *item, const char *name)
{
	return json_is_true(json_object_get(item, name));
}

/* ---- noting ---- */

static void drop_old(json_t *list, uint64_t now)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		uint64_t at = record_number_or_0(json_array_get(list, i), "at");

		/* a time to come: the clock was set back */
		if (at > now || now - at >= DAY_MS)
			(void)json_array_remove(list, i);
	}
	while (json_array_size(list) >= BREAKS_MAX)
		(void)json_array_remove(list, 0);
}

/* Who joins relies on the GroupInfo of whoever committed before: a false
 * external_pub there breaks an honest join. Of our own we know that it is right. */
static bool is_to_blame(const struct device *d,
			const struct session_event *event)
{
	if (!event->external_join)
		return true;
	return !event->newcomer &&
	       record_number_or_0(d->open.notes, "own_epoch") == event->epoch;
}

enum err breaks_note(struct device *d, const struct session_event *event)
{
	json_t *list = list_of(&d->open), *item;
	json_t *by =
	    json_stringn((const char *)event->identity.p, event->identity.n);
	uint64_t now = core_now_ms(d);

	if (by == NULL) /* no UTF-8: a name that nobody can have */
		return ERR_OK;
	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(d->open.notes, "breaks", list);
	}
	drop_old(list, now);
	item = json_pack("{s:I, s:I, s:o, s:b, s:b}", "seq",
			 (json_int_t)event->seq, "at", (json_int_t)now, "by",
			 by, "blame", (int)is_to_blame(d, event), "fresh",
			 json_object_get(d->open.notes, "own_epoch") != NULL);
	if (json_array_append_new(list, item) != 0)
		return ERR_LOCAL_MEMORY;
	(void)json_object_set_new(d->open.notes, "cause",
				  json_integer((json_int_t)event->seq));
	work_changed(d);
	return ERR_OK;
}

void breaks_note_own_epoch(struct device *d)
{
	(void)json_object_set_new(
	    d->open.notes, "own_epoch",
	    json_integer((json_int_t)session_epoch(d->open.session)));
}

void breaks_note_given_epoch(struct device *d)
{
	(void)json_object_del(d->open.notes, "own_epoch");
}

void breaks_end(struct device *d, bool walked)
{
	json_t *item;
	size_t i;

	(void)json_object_del(d->open.notes, "cause");
	if (!walked)
		return;
	json_array_foreach(list_of(&d->open), i, item)(void)
	    json_object_set_new(item, "seen", json_true());
}

void breaks_forget_gone(struct device *d)
{
	json_t *list = list_of(&d->open);
	struct mls_member member;

	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *by = record_string(json_array_get(list, i), "by");

		if (by == NULL ||
		    !session_find(d->open.session, span_str(by), &member))
			(void)json_array_remove(list, i);
	}
}

void breaks_forget_absent(struct device *d, const struct trail *trail)
{
	json_t *list = list_of(&d->open);

	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *by = record_string(json_array_get(list, i), "by");

		if (by == NULL || !trail_has(trail, span_str(by)))
			(void)json_array_remove(list, i);
	}
}

/* ---- asking ---- */

size_t breaks_count(const struct membership *m, struct span identity)
{
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach(list_of(m), i, item) count +=
	    is_by(item, identity) && is_set(item, "blame") &&
	    is_set(item, "seen");
	return count;
}

static bool is_to_go(const struct device *d, struct span identity)
{
	uint64_t now = core_now_ms(d), at;
	bool fresh = false;
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach(list_of(&d->open), i, item)
	{
		at = record_number_or_0(item, "at");
		if (!is_by(item, identity) || !is_set(item, "blame") ||
		    !is_set(item, "seen") || at > now || now - at >= DAY_MS)
			continue;
		fresh = is_set(item, "fresh");
		count++;
	}
	return fresh && count >= BREAKS_TO_REMOVE;
}

static bool may_remove(const struct device *d, struct span identity)
{
	struct mls_member member;
	struct roles roles;

	return !span_equal(identity, span_str(core_self(d))) &&
	       session_find(d->open.session, identity, &member) &&
	       session_roles(d->open.session, &roles) == ERR_OK &&
	       roles_may_remove(&roles, span_str(core_self(d)), identity);
}

const char *breaks_culprit(const struct device *d)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list_of(&d->open), i, item)
	{
		const char *by = record_string(item, "by");

		if (by != NULL && is_to_go(d, span_str(by)) &&
		    may_remove(d, span_str(by)))
			return by;
	}
	return NULL;
}

static void say_signed(const char *by, uint64_t seq, char *words, size_t size)
{
	(void)snprintf(words, size,
		       " The commit that could not be processed (#%llu) was "
		       "signed by %.80s.",
		       (unsigned long long)seq, by);
}

static const json_t *find_cause(const struct device *d)
{
	uint64_t seq = record_number_or_0(d->open.notes, "cause");
	const json_t *item;
	size_t i;

	json_array_foreach(list_of(&d->open), i,
			   item) if (record_number_or_0(item, "seq") ==
				     seq) return item;
	return NULL;
}

void breaks_say(const struct device *d, char *words, size_t size)
{
	const json_t *item = find_cause(d);
	const char *by = record_string(item, "by");
	uint64_t seq = record_number_or_0(item, "seq");

	words[0] = '\0';
	if (by == NULL)
		return;
	if (is_set(item, "blame"))
		say_signed(by, seq, words, size);
	else
		(void)snprintf(words, size,
			       " The commit that could not be processed "
			       "(#%llu) is the one by which %.80s joined: that "
			       "device made it so, or who committed before it.",
			       (unsigned long long)seq, by);
}

const char *breaks_blamed(const struct device *d)
{
	const json_t *item = find_cause(d);
	const char *by = record_string(item, "by");

	return by != NULL && is_set(item, "blame") &&
		       breaks_count(&d->open, span_str(by)) > 0
		   ? by
		   : "";
}
