#include "reach/look.h"

#include "device/group/newer.h"
#include "device/record.h"
#include "reach/choose.h"

#include <stdio.h>
#include <string.h>

static enum err explain(struct why *why, enum err e)
{
	return e == ERR_PEER_UNSUPPORTED ? newer_say(why) : e;
}

static enum err parse(struct buf *text, json_t **out)
{
	enum err e;

	TRY(buf_end(text));
	*out = json_loadb((const char *)text->p, text->n, 0, NULL);
	ENSURE(*out != NULL, ERR_LOCAL_BUG);
out:
	return e;
}

enum err look_sessions(struct device *device, json_t **ids)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_sessions(device, &text));
	TRY(parse(&text, ids));
out:
	buf_clear(&text);
	return e;
}

enum err look_names(struct device *device, json_t **names)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_names(device, &text));
	TRY(parse(&text, names));
out:
	buf_clear(&text);
	return e;
}

enum err look_session(struct device *device, const char *id, struct why *why,
		      json_t **session)
{
	struct buf text = BUF_INIT;
	enum err e;

	e = device_describe(device, id, &text);
	if (e == ERR_STATE_GONE)
		e = why_set(why, e, "no-such-session",
			    "There is no session %.40s here.", id);
	else if (err_class(e) == ERR_CLASS_PEER && e != ERR_PEER_UNSUPPORTED)
		e = newer_say_damaged(why, e, id);
	TRY(explain(why, e));
	TRY(parse(&text, session));
out:
	buf_clear(&text);
	return e;
}

enum err look_entry(struct device *device, const char *id, uint64_t seq,
		    struct why *why, json_t **entry)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(explain(why, device_entry(device, id, seq, &text)));
	TRY(parse(&text, entry));
out:
	buf_clear(&text);
	return e;
}

enum err look_outbox(struct device *device, const char *id, struct why *why,
		     json_t **items)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(explain(why, device_outbox(device, id, &text)));
	TRY(parse(&text, items));
out:
	buf_clear(&text);
	return e;
}

enum err look_key_changes(struct device *device, const char *user,
			  struct why *why, json_t **changes)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(explain(why, device_key_changes(device, user, &text)));
	TRY(parse(&text, changes));
out:
	buf_clear(&text);
	return e;
}

enum err look_person(struct device *device, const char *user, json_t **person)
{
	struct buf text = BUF_INIT;
	enum err e;

	*person = NULL;
	TRY(device_person(device, user, &text));
	TRY(parse(&text, person));
out:
	buf_clear(&text);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

enum err look_accept(struct device *device, const char *user,
		     const char *fingerprint, struct why *why)
{
	enum err e = device_accept(device, user, fingerprint);

	if (e == ERR_PEER_MALFORMED)
		e = why_set(why, ERR_PEER_INVALID, "usage",
			    "\"%.40s\" is no fingerprint: it has hexadecimal "
			    "digits.",
			    fingerprint);
	if (e == ERR_STATE_GONE)
		e = why_set_about(why, span_str(user), e, "nothing-to-accept",
				  "No other account was shown under the name "
				  "%.40s.",
				  user);
	if (e == ERR_STATE_CONFLICT)
		e = why_set_about(
		    why, span_str(user), e, "identity-changed",
		    "The server has shown yet another account since this was "
		    "printed. Nothing was accepted. Look again.");
	return e;
}

/* ---- memberships ---- */

bool look_is_member(struct device *device, const char *id)
{
	struct why quiet = { 0 };
	json_t *session = NULL;
	bool member;

	member = look_session(device, id, &quiet, &session) == ERR_OK &&
		 strcmp(record_string(session, "state"), "member") == 0;
	json_decref(session);
	return member;
}

enum err look_memberships(struct device *device, json_t **ids)
{
	json_t *all = NULL, *made = json_array(), *id;
	size_t i;
	enum err e;

	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	TRY(look_sessions(device, &all));
	json_array_foreach(all, i, id)
	{
		if (look_is_member(device, json_string_value(id)))
			ENSURE(json_array_append(made, id) == 0,
			       ERR_LOCAL_MEMORY);
	}
	*ids = json_incref(made);
out:
	json_decref(all);
	json_decref(made);
	return e;
}

enum err look_suite(struct device *device, const char *id, struct why *why,
		    const struct suite **suite)
{
	json_t *session = NULL;
	const char *name;
	enum err e;

	TRY(look_session(device, id, why, &session));
	name = record_string(session, "algorithm");
	*suite = name != NULL ? suite_by_algorithm(span_str(name)) : NULL;
	ENSURE(*suite != NULL, ERR_LOCAL_BUG);
out:
	json_decref(session);
	return e;
}

/* ---- finding ---- */

enum err look_only(const json_t *found, const char *word, struct why *why,
		   char id[TEXT_UUID_SIZE])
{
	const json_t *row;
	enum err e =
	    choose_one(found, "session_id", "sessions", word, why, &row);

	if (e == ERR_STATE_GONE)
		e = why_set(why, e, "no-such-session",
			    "There is no session %.40s here.", word);
	TRY(e);
	(void)snprintf(id, TEXT_UUID_SIZE, "%s",
		       record_string(row, "session_id"));
out:
	return e;
}

enum err look_find(struct device *device, const char *word, bool names,
		   struct why *why, char id[TEXT_UUID_SIZE])
{
	json_t *list = NULL, *found = NULL;
	enum err e;

	TRY(look_names(device, &list));
	found = choose_match(list, "session_id", word, names);
	ENSURE(found != NULL, ERR_LOCAL_MEMORY);
	TRY(look_only(found, word, why, id));
out:
	json_decref(list);
	json_decref(found);
	return e;
}

enum err look_forgives(struct why *why, enum err e)
{
	static const char *const waiting[] = { "new-members",
					       "rotation-required", "kept" };

	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (e == ERR_STATE_PENDING &&
		    strcmp(why->slug, waiting[i]) == 0) {
			why_clear(why);
			return ERR_OK;
		}
	return e;
}
