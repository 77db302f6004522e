/* Other accounts, and one's own. */
#include "hermetic/inside.h"

#include "base/text.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <string.h>

static enum err read_log(struct hermetic *h, const char *user)
{
	const struct order meet = { .kind = ORDER_MEET,
				    .users = &user,
				    .user_count = 1 };
	enum err e;

	TRY(drive_session(&h->a, ORDER_ACCOUNT, NULL));
	if (strcmp(user, h->a.username) != 0)
		TRY(drive_order(&h->a, &meet, NULL));
out:
	return e;
}

/* A fork is for the person to see: it is no failure of looking. */
enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person)
{
	struct hermetic_person *row;
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	if (!text_is_username(span_str(user)))
		return inside_refuse(h, "username", "That is no user name.");
	e = read_log(h, user);
	if (e == ERR_PEER_FORK &&
	    strcmp(h->a.why.slug, "account-forked") == 0) {
		why_clear(&h->a.why);
		e = ERR_OK;
	}
	TRY(e);
	TRY(view_person(&h->a, user, &source));
	if (source == NULL)
		TRY(why_set(&h->a.why, ERR_STATE_GONE, "no-account-log",
			    "%.40s has no account log yet.", user));
	TRY(inside_list_make(&h->people, source, 1, sizeof(*row)));
	row = h->people.rows;
	*row = (struct hermetic_person){
		.username = inside_text(source, "username"),
		.digits = inside_text(source, "digits"),
		.compared = inside_comparison(source),
		.closed = json_is_true(json_object_get(source, "closed")),
		.forked = json_is_true(json_object_get(source, "forked")),
		.other_digits = inside_text_or_null(source, "other_digits"),
	};
	*person = row;
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_compared(struct hermetic *h, const char *user)
{
	INSIDE_OPEN(h);
	return inside_result(h, device_compared(h->a.device, user));
}
