/* Who may do what in a session, by which algorithm it is sealed, and whose keys are taken. */
#include "hermetic/inside.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <string.h>

static enum hermetic_result change(struct hermetic *h, struct order order,
				   const char *session)
{
	order.session = session;
	return inside_result(h, drive_order(&h->a, &order, NULL));
}

enum hermetic_result hermetic_set_role(struct hermetic *h, const char *session,
				       const char *user, const char *role)
{
	struct order order = { .kind = ORDER_ROLE, .whom = user };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_TEXT, user);
	INSIDE_TAKES(h, ARGUMENT_TEXT, role);
	if (!roles_parse(role, &order.role))
		return inside_refuse(
		    h, "usage",
		    "A role is owner, admin or member, not \"%.40s\".", role);
	return change(h, order, session);
}

enum hermetic_result hermetic_ban(struct hermetic *h, const char *session,
				  const char *user)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_TEXT, user);
	return change(
	    h, (struct order){ .kind = ORDER_BAN, .whom = user, .ban = true },
	    session);
}

enum hermetic_result hermetic_unban(struct hermetic *h, const char *session,
				    const char *user)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_TEXT, user);
	return change(h, (struct order){ .kind = ORDER_BAN, .whom = user },
		      session);
}

enum hermetic_result hermetic_move(struct hermetic *h, const char *session,
				   const char *algorithm)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_TEXT, algorithm);
	return change(
	    h, (struct order){ .kind = ORDER_MOVE, .algorithm = algorithm },
	    session);
}

enum hermetic_result hermetic_upgrade(struct hermetic *h, const char *session,
				      bool open)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	return change(h, (struct order){ .kind = ORDER_MOVE, .open = open },
		      session);
}

/* ---- who has a message ---- */

static bool names_user(const json_t *list, const char *user)
{
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name) if (strcmp(json_string_value(name),
						     user) == 0) return true;
	return false;
}

enum hermetic_result hermetic_receipts(
    struct hermetic *h, const char *session, uint64_t number,
    const struct hermetic_receipt *const **list, size_t *count)
{
	struct hermetic_receipt *rows;
	const json_t *there, *read, *name;
	json_t *source = NULL;
	size_t i;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(inside_missing(&h->a.why, h->a.device,
			   view_entry(&h->a, session, number, &source), session,
			   "that entry"));
	there = json_object_get(source, "delivered_to");
	read = json_object_get(source, "read_by");
	TRY(inside_list_make(&h->receipts, source, json_array_size(there),
			     sizeof(*rows)));
	rows = h->receipts.rows;
	json_array_foreach(there, i, name) rows[i] = (struct hermetic_receipt){
		.username = json_string_value(name),
		.read = names_user(read, json_string_value(name)),
	};
	*list = inside_list_give(&h->receipts, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

/* ---- keys ---- */

static void read_key_change(const json_t *row, void *out)
{
	*(struct hermetic_key_change *)out = (struct hermetic_key_change){
		.username = told_text(row, "username"),
		.device = told_text(row, "device_id"),
		.scheme = told_text(row, "scheme"),
		.known = told_text(row, "known"),
		.offered = told_text(row, "offered"),
	};
}

enum hermetic_result hermetic_key_changes(
    struct hermetic *h, const char *user,
    const struct hermetic_key_change *const **list, size_t *count)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(view_key_changes(&h->a, user, &source));
	inside_give(h, source);
	TRY(inside_list_read(&h->key_changes, source, source,
			     sizeof(struct hermetic_key_change),
			     read_key_change));
	*list = inside_list_give(&h->key_changes, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_accept_keys(struct hermetic *h, const char *user,
					  const char *const *offered,
					  size_t count, size_t *accepted)
{
	size_t taken = 0;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_USER, user);
	TRY(arguments_take_all(&h->a.why, ARGUMENT_TEXT, "offered", offered,
			       count));
	TRY(device_accept_keys(h->a.device, user, offered, count, &taken));
	if (accepted != NULL)
		*accepted = taken;
out:
	return inside_result(h, e);
}
