/* Sessions, who is in them, and what changes them. */
#include "device/record.h"
#include "hermetic/inside.h"
#include "reach/act_run.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <stdio.h>
#include <string.h>

/* ---- lists ---- */

static enum hermetic_standing standing_of(const json_t *row)
{
	static const struct {
		const char *state;
		enum hermetic_standing standing;
	} table[] = {
		{ "member", HERMETIC_MEMBER },
		{ "invited", HERMETIC_INVITED },
		{ "added", HERMETIC_INVITED },
		{ "joining", HERMETIC_JOINING },
		{ "creating", HERMETIC_JOINING },
	};
	const char *state = told_text(row, "state");

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].state, state) == 0)
			return table[i].standing;
	return HERMETIC_LEFT;
}

static void read_session(const json_t *row, void *out)
{
	*(struct hermetic_session *)out = (struct hermetic_session){
		.id = told_text(row, "session_id"),
		.name = inside_text_or_null(row, "name"),
		.algorithm = told_text(row, "algorithm"),
		.standing = standing_of(row),
		.inviter = inside_text_or_null(row, "creator"),
		.last = (uint64_t)json_integer_value(
		    json_object_get(row, "last_seq")),
		.stop = inside_text_or_null(row, "stop"),
		.unread = (uint64_t)json_integer_value(
		    json_object_get(row, "unread")),
		.subject = inside_text_or_null(row, "subject"),
	};
}

enum hermetic_result hermetic_sessions(
    struct hermetic *h, bool invitations,
    const struct hermetic_session *const **list, size_t *count)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(invitations ? directory_list(&h->a, &source)
			: directory_own(&h->a, true, &source));
	inside_give(h, source);
	TRY(inside_list_read(&h->sessions, source, source,
			     sizeof(struct hermetic_session), read_session));
	*list = inside_list_give(&h->sessions, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

static void read_member(const json_t *row, void *out)
{
	*(struct hermetic_member *)out = (struct hermetic_member){
		.username = told_text(row, "username"),
		.device = told_text(row, "device_id"),
		.role = told_text(row, "role"),
		.own = json_is_true(json_object_get(row, "own")),
		.seen = json_is_true(json_object_get(row, "seen")),
		.compared = inside_comparison(row),
		.mark = told_text(row, "mark"),
		.delivered = record_number_or_0(row, "delivered"),
		.read = record_number_or_0(row, "read"),
	};
}

enum hermetic_result hermetic_members(
    struct hermetic *h, const char *session,
    const struct hermetic_member *const **list, size_t *count)
{
	json_t *source = NULL;
	const json_t *members;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(view_session(&h->a, session, &source));
	members = json_object_get(source, "members");
	TRY(inside_list_read(&h->members, source, members,
			     sizeof(struct hermetic_member), read_member));
	*list = inside_list_give(&h->members, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_safety_number(struct hermetic *h,
					    const char *session,
					    const char **digits)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, digits);
	TRY(view_session(&h->a, session, &source));
	(void)snprintf(h->safety, sizeof(h->safety), "%s",
		       told_text(source, "safety_number"));
	*digits = h->safety;
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_shown(struct hermetic *h, const char *session,
				    const char *const *marks, size_t count)
{
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	TRY(arguments_take_all(&h->a.why, ARGUMENT_TEXT, "marks", marks,
			       count));
	TRY(inside_missing(&h->a.why, h->a.device,
			   device_shown(h->a.device, session, marks, count),
			   session, "its members"));
out:
	return inside_result(h, e);
}

/* ---- changes ---- */

enum hermetic_result hermetic_create(struct hermetic *h,
				     const struct hermetic_creation *given,
				     char id[HERMETIC_ID_SIZE])
{
	struct hermetic_creation creation = { 0 };
	struct order order = { .kind = ORDER_CREATE };
	const struct outcome *outcome;
	struct suites offer;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, id);
	if (given != NULL && !inside_take(&creation, sizeof(creation), given))
		return inside_refuse(
		    h, "usage", "struct hermetic_creation wants its size.");
	TRY(arguments_take_all(&h->a.why, ARGUMENT_USER, "users",
			       creation.users, creation.user_count));
	order.offer = &h->a.suites;
	order.name = creation.name;
	order.users = creation.users;
	order.user_count = creation.user_count;
	order.open = creation.open;
	order.verified_only = creation.verified_only;
	if (creation.algorithms != NULL) {
		TRY(suites_parse(creation.algorithms, &offer, &h->a.why));
		order.offer = &offer;
	}
	TRY(drive_order(&h->a, &order, &outcome));
	memcpy(id, outcome->session, HERMETIC_ID_SIZE);
	events_entered(h, id, 0);
out:
	return inside_result(h, e);
}

/* What was stored of the session may have been damaged. */
static enum err enter(struct hermetic *h, enum order_kind kind,
		      const char *session)
{
	const struct order order = { .kind = kind, .session = session };
	const struct outcome *outcome;
	enum err e = drive_order(&h->a, &order, &outcome);

	h->anew = outcome != NULL && outcome->anew;
	return e;
}

bool hermetic_began_anew(const struct hermetic *h)
{
	return h != NULL && h->anew;
}

enum hermetic_result hermetic_join(struct hermetic *h, const char *session)
{
	uint64_t before;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	before = device_last_seq(h->a.device, session);
	TRY(enter(h, ORDER_JOIN, session));
	events_entered(h, session, before);
	/* the server asks again for what is lacking */
	if (drive_session(&h->a, ORDER_STOCK, NULL) != ERR_OK)
		why_clear(&h->a.why);
out:
	return inside_result(h, e);
}

static enum err invite(struct hermetic *h, const char *session,
		       const char *user, bool asks,
		       const struct outcome **outcome)
{
	const struct order order = { .kind = ORDER_INVITE,
				     .session = session,
				     .users = &user,
				     .user_count = 1,
				     .asks = asks };

	return drive_order(&h->a, &order, outcome);
}

static void give_invited(struct hermetic *h, const struct outcome *outcome)
{
	const char *by = outcome->inviter[0] != '\0' ? outcome->inviter : NULL;
	json_t *given =
	    json_pack("{s:I, s:s*}", "devices", (json_int_t)outcome->devices,
		      "invited_by", by);

	inside_give(h, given);
	json_decref(given);
}

enum hermetic_result hermetic_invite(struct hermetic *h, const char *session,
				     const char *user, size_t *devices)
{
	const struct outcome *outcome;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	TRY(invite(h, session, user, false, &outcome));
	give_invited(h, outcome);
	if (devices != NULL)
		*devices = outcome->devices;
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_ask(struct hermetic *h, const char *session,
				  const char *user, const char **inviter)
{
	const struct outcome *outcome;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	TRY(invite(h, session, user, true, &outcome));
	give_invited(h, outcome);
	if (inviter != NULL)
		*inviter =
		    outcome->inviter[0] != '\0' ? outcome->inviter : NULL;
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_uninvite(struct hermetic *h, const char *session,
				       const char *user)
{
	const struct order order = { .kind = ORDER_UNINVITE,
				     .session = session,
				     .whom = user };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	return inside_result(h, drive_order(&h->a, &order, NULL));
}

static void read_letter(const json_t *row, void *out)
{
	*(struct hermetic_letter *)out = (struct hermetic_letter){
		.by = told_text(row, "by"),
		.compared = inside_comparison(row),
	};
}

enum hermetic_result hermetic_letters(
    struct hermetic *h, const char *session,
    const struct hermetic_letter *const **list, size_t *count)
{
	const struct act_wish wish = { .kind = ACT_LETTERS,
				       .session = session };
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(act_run(&h->a, &wish, &source));
	inside_give(h, source);
	TRY(inside_list_read(&h->letters, source, source,
			     sizeof(struct hermetic_letter), read_letter));
	*list = inside_list_give(&h->letters, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_remove(struct hermetic *h, const char *session,
				     const char *whom)
{
	const struct order order = { .kind = ORDER_REMOVE,
				     .session = session,
				     .whom = whom };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_TEXT, whom);
	return inside_result(h, drive_order(&h->a, &order, NULL));
}

enum hermetic_result hermetic_rotate(struct hermetic *h, const char *session)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	return inside_result(h, drive_session(&h->a, ORDER_ROTATE, session));
}

enum hermetic_result hermetic_leave(struct hermetic *h, const char *session)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	return inside_result(h, drive_session(&h->a, ORDER_LEAVE, session));
}

enum hermetic_result hermetic_resolve(struct hermetic *h, const char *session)
{
	uint64_t before;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	before = device_last_seq(h->a.device, session);
	TRY(enter(h, ORDER_RESOLVE, session));
	events_entered(h, session, before);
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_refresh(struct hermetic *h, const char *session)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	return inside_result(h, view_refresh(&h->a, session));
}
