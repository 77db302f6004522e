#include "hermetic/arguments.h"

#include "base/text.h"
#include "base/uuid.h"
#include "hermetic/hermetic.h"

enum err arguments_take(struct why *why, enum argument is, const char *name,
			const void *given)
{
	if (given == NULL)
		return why_replace(why, ERR_PEER_INVALID, "usage",
				   "\"%s\" is NULL.", name);
	if (is == ARGUMENT_POINTER)
		return ERR_OK;
	if (!text_is_utf8(span_str(given)))
		return why_replace(why, ERR_PEER_INVALID, "usage",
				   "\"%s\" is no UTF-8 text.", name);
	if (is == ARGUMENT_SESSION && !uuid_is_text(span_str(given)))
		return why_replace(why, ERR_STATE_GONE, "no-such-session",
				   "\"%.40s\" is no session's id.",
				   (const char *)given);
	if (is == ARGUMENT_USER && !text_is_username(span_str(given)))
		return why_replace(why, ERR_PEER_INVALID, "username",
				   "\"%.40s\" is no user name.",
				   (const char *)given);
	return ERR_OK;
}

enum err arguments_take_all(struct why *why, enum argument is, const char *name,
			    const char *const *given, size_t count)
{
	enum err e = ERR_OK;

	if (count > 0)
		TRY(arguments_take(why, ARGUMENT_POINTER, name, given));
	for (size_t i = 0; i < count; i++)
		TRY(arguments_take(why, is, name, given[i]));
out:
	return e;
}

/* Orders that are acts check their arguments by themselves. */
static bool is_of_session(enum hermetic_order_kind kind)
{
	static const bool kinds[] = {
		[HERMETIC_ORDER_REFRESH] = true,
		[HERMETIC_ORDER_SEND] = true,
		[HERMETIC_ORDER_JOIN] = true,
		[HERMETIC_ORDER_INVITE] = true,
		[HERMETIC_ORDER_REMOVE] = true,
		[HERMETIC_ORDER_ROTATE] = true,
		[HERMETIC_ORDER_LEAVE] = true,
		[HERMETIC_ORDER_RESOLVE] = true,
		[HERMETIC_ORDER_FLUSH] = true,
		[HERMETIC_ORDER_ASK] = true,
		[HERMETIC_ORDER_UNINVITE] = true,
		[HERMETIC_ORDER_ASKED] = true,
		[HERMETIC_ORDER_NAME] = true,
		[HERMETIC_ORDER_SUBJECT] = true,
		[HERMETIC_ORDER_RECEIPT] = true,
		[HERMETIC_ORDER_ROLE] = true,
		[HERMETIC_ORDER_BAN] = true,
		[HERMETIC_ORDER_UNBAN] = true,
	};

	return (size_t)kind < sizeof(kinds) / sizeof(*kinds) && kinds[kind];
}

static bool names_user(enum hermetic_order_kind kind)
{
	return kind == HERMETIC_ORDER_INVITE || kind == HERMETIC_ORDER_ASK ||
	       kind == HERMETIC_ORDER_UNINVITE || kind == HERMETIC_ORDER_MEET;
}

enum err arguments_take_order(struct why *why,
			      const struct hermetic_order *given)
{
	enum err e = ERR_OK;

	if (is_of_session(given->kind))
		TRY(arguments_take(why, ARGUMENT_SESSION, "session",
				   given->session));
	if (names_user(given->kind))
		TRY(arguments_take(why, ARGUMENT_USER, "whom", given->whom));
	else if (given->whom != NULL)
		TRY(arguments_take(why, ARGUMENT_TEXT, "whom", given->whom));
out:
	return e;
}
