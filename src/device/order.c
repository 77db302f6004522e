/* How orders begin and how they end. */
#include "device/accounts/names.h"
#include "device/core.h"
#include "device/group/rejoin.h"
#include "device/texts/content.h"
#include "device/texts/expiry.h"
#include "device/texts/naming.h"
#include "device/texts/outbox.h"
#include "device/texts/outbox_keys.h"
#include "device/texts/say.h"
#include "device/todo.h"

#include <string.h>

/* Bytes of a caller's own id of a text. */
#define KEY_MAX 128

/* ---- beginning ---- */

static enum err need_member(struct device *d)
{
	if (d->open.session == NULL)
		return why_set(&d->work.why, ERR_STATE_GONE, "no-such-session",
			       "There is no session %.40s here.",
			       d->work.outcome.session);
	if (session_member(d->open.session) || rejoin_is_begun(&d->open))
		return ERR_OK;
	return why_set(&d->work.why, ERR_STATE_GONE, "not-a-member",
		       "You are not a member of %s (any more).", d->open.id);
}

static enum err check_text(struct device *d)
{
	const struct order *order = &d->work.order;

	if (order->name != NULL)
		return naming_check(d, order->name);
	if (order->says_picture)
		return naming_check_picture(d, order->picture);
	if (order->subject != NULL)
		return naming_check_subject(d, order->subject);
	if (text_is_blank(order->text) && order->act != SAID_DELETE &&
	    order->file == NULL)
		return why_set(&d->work.why, ERR_PEER_INVALID, "empty",
			       "There is nothing to send: the text is %s.",
			       order->text.n == 0 ? "empty" : "blank");
	if (order->text.n >= SESSION_DATA_MAX)
		return why_set(&d->work.why, ERR_PEER_TOO_LARGE, "too-large",
			       "The message is too long: at most %d bytes.",
			       SESSION_DATA_MAX - 1);
	if (order->act == SAID_REACTION && order->text.n > SAID_REACTION_MAX)
		return why_set(&d->work.why, ERR_PEER_TOO_LARGE, "too-large",
			       "A reaction has at most %d bytes.",
			       SAID_REACTION_MAX);
	if (!content_is_sound(CONTENT_TEXT, order->text))
		return why_set(&d->work.why, ERR_PEER_INVALID, "utf-8",
			       "The message is no UTF-8 text, or has a NUL in "
			       "it.");
	if (order->topic != NULL &&
	    (order->act != SAID_TEXT || order->topic[0] == '\0' ||
	     strlen(order->topic) > SAID_TOPIC_MAX ||
	     !text_is_utf8(span_str(order->topic))))
		return why_set(&d->work.why, ERR_PEER_INVALID, "topic",
			       "A topic is UTF-8 of 1 to %d bytes, and goes "
			       "with a new message or a reply.",
			       SAID_TOPIC_MAX);
	if (order->expires_s > EXPIRY_MAX_S)
		return why_set(&d->work.why, ERR_PEER_INVALID, "expires",
			       "A message can be kept for at most %d days.",
			       EXPIRY_MAX_S / 86400);
	if (order->key != NULL &&
	    (order->key[0] == '\0' || strlen(order->key) > KEY_MAX))
		return why_set(&d->work.why, ERR_PEER_INVALID, "key",
			       "An id of a message has 1 to %d bytes.",
			       KEY_MAX);
	return ERR_OK;
}

/* What was said under the same key is not said again. */
static enum err find_said(struct device *d, struct span content, bool *said)
{
	struct work *work = &d->work;
	enum err e;

	*said = false;
	if (work->order.key == NULL)
		return ERR_OK;
	e = outbox_find_key(d, work->order.key, content, &work->outcome.item,
			    &work->outcome.seq);
	*said = e == ERR_OK;
	if (e == ERR_STATE_CONFLICT)
		return outbox_keys_reused(&work->why, work->order.key);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

/* Content has it in seconds, and the server is told the same. */
static uint64_t end_after(const struct device *d, uint64_t seconds)
{
	return ((core_now_ms(d) + 999) / 1000 + seconds) * 1000;
}

static enum err begin_send(struct device *d)
{
	uint64_t expires_s = d->work.order.expires_s;
	uint64_t ends = expires_s > 0 ? end_after(d, expires_s) : 0;
	struct buf content = BUF_INIT;
	bool said;
	enum err e;

	TRY(check_text(d));
	if (d->open.session == NULL)
		return need_member(d);
	TRY(say_put(d, ends, &content));
	TRY(find_said(d, buf_span(&content), &said));
	if (said)
		goto out;
	TRY(need_member(d));
	TRY(outbox_put(d, buf_span(&content), ends, d->work.order.key,
		       &d->work.outcome.item));
	if (d->work.order.file != NULL)
		TRY(outbox_name_file(&d->open, d->work.outcome.item,
				     d->work.order.file->id));
	outbox_let_go(&d->open);
	work_changed(d);
out:
	buf_clear(&content);
	return e;
}

bool order_changes_group(enum order_kind kind)
{
	switch (kind) {
	case ORDER_INVITE:
	case ORDER_REMOVE:
	case ORDER_ROLE:
	case ORDER_BAN:
	case ORDER_UNINVITE:
	case ORDER_ROTATE:
	case ORDER_ASKED:
	case ORDER_MOVE:
	case ORDER_LEAVE:
	case ORDER_DEPART:
		return true;
	case ORDER_REFRESH:
	case ORDER_SEND:
	case ORDER_CREATE:
	case ORDER_JOIN:
	case ORDER_RESOLVE:
	case ORDER_STOCK:
	case ORDER_ACCOUNT:
	case ORDER_MEET:
	case ORDER_LETTER:
		break;
	}
	return false;
}

/* What the order is about, where it is about somebody or something. */
static bool is_whole(const struct order *order)
{
	const enum order_kind kind = order->kind;
	bool names = kind == ORDER_REMOVE || kind == ORDER_ROLE ||
		     kind == ORDER_BAN || kind == ORDER_UNINVITE ||
		     kind == ORDER_DEPART;

	return (!names || order->whom != NULL) &&
	       (kind != ORDER_INVITE || order->user_count > 0);
}

enum err order_begin(struct device *d)
{
	struct work *work = &d->work;
	const enum order_kind kind = work->order.kind;
	enum err e = expiry_sweep(d);

	if (e != ERR_OK)
		return e;
	if (!is_whole(&work->order))
		return why_set(&work->why, ERR_PEER_INVALID, "usage",
			       "The order does not say whom or what it is "
			       "about.");
	work->begun = true;
	if (d->open.session != NULL)
		memcpy(work->outcome.session, d->open.id, sizeof(d->open.id));
	if (kind == ORDER_SEND)
		return begin_send(d);
	if (kind == ORDER_RESOLVE || kind == ORDER_JOIN)
		todo_stay(d);
	if (kind == ORDER_RESOLVE)
		return rejoin_begin_resolve(d);
	if (order_changes_group(kind) ||
	    (kind == ORDER_REFRESH && d->open.session == NULL))
		e = need_member(d);
	if (e == ERR_OK && kind == ORDER_REFRESH && work->order.flush &&
	    outbox_let_go(&d->open))
		work_changed(d);
	return e;
}

/* ---- ending ---- */

/* The person has gone over to another history while this order ran. */
static void end_left(struct device *d, uint64_t seq)
{
	d->work.outcome.seq = 0;
	d->work.outcome.kept = false;
	d->work.outcome.result = why_replace(
	    &d->work.why, ERR_STATE_CONFLICT, "history-left",
	    "This was sent as #%llu in a history of %s that this device has "
	    "left since. The history of now does not have it: say it again.",
	    (unsigned long long)seq, d->open.id);
}

/* Does what was said stand in the outbox, and is not sent any more? */
static bool is_refused(const struct device *d)
{
	const struct outcome *outcome = &d->work.outcome;

	return outcome->result != ERR_OK && outcome->item != 0 &&
	       d->open.session != NULL &&
	       (outbox_refusal(&d->open, outcome->item) != NULL ||
		strcmp(d->work.why.slug, "not-a-member") == 0);
}

/* Sent or kept: never a third thing. */
static void end_send(struct device *d)
{
	struct work *work = &d->work;
	struct outcome *outcome = &work->outcome;
	bool left = false;

	if (d->open.session != NULL && outcome->seq == 0)
		outcome->seq = outbox_place(d, outcome->item, &left);
	if (left) {
		end_left(d, outcome->seq);
		return;
	}
	if (outcome->seq > 0) { /* what else happened is not about this text */
		outcome->result = ERR_OK;
		outcome->kept = false;
		return;
	}
	outcome->kept = work->stored;
	if (outcome->result == ERR_OK && d->open.session != NULL &&
	    !session_member(d->open.session) && !rejoin_is_begun(&d->open))
		outcome->result =
		    why_set(&d->work.why, ERR_STATE_GONE, "not-a-member",
			    "You are not a member of %s any more. What was "
			    "said was not sent.",
			    d->open.id);
	else if (outcome->result == ERR_OK && d->open.session != NULL &&
		 outbox_refusal(&d->open, outcome->item) != NULL)
		outcome->result =
		    why_set(&d->work.why, ERR_PEER_INVALID,
			    outbox_refusal(&d->open, outcome->item),
			    "The server refused this before. It was not sent.");
	else if (outcome->result == ERR_OK)
		outcome->result =
		    why_set(&d->work.why, ERR_STATE_PENDING, "kept",
			    "What was said is kept, and sent later.");
}

/* Is the order only done when this device is a member? */
static bool wants_to_be_in(const struct device *d)
{
	switch (d->work.order.kind) {
	case ORDER_JOIN:
	case ORDER_RESOLVE:
	case ORDER_CREATE:
	case ORDER_INVITE:
	case ORDER_REMOVE:
	case ORDER_ROLE:
	case ORDER_BAN:
	case ORDER_UNINVITE:
	case ORDER_ROTATE:
	case ORDER_MOVE:
		return true;
	case ORDER_REFRESH:
	case ORDER_ASKED:
		return d->open.session != NULL && rejoin_is_begun(&d->open);
	case ORDER_SEND:
	case ORDER_LEAVE:
	case ORDER_DEPART:
	case ORDER_STOCK:
	case ORDER_ACCOUNT:
	case ORDER_MEET:
	case ORDER_LETTER:
		break;
	}
	return false;
}

/* Nothing stopped this process, and yet what was ordered may not be done. */
static void end_planned(struct device *d)
{
	struct work *work = &d->work;

	switch (todo_fate(&d->open, work->todo)) {
	case TODO_IS_DONE:
		break;
	case TODO_WAITS:
		work->outcome.result = why_set(
		    &work->why, ERR_STATE_PENDING, "change-kept",
		    "This is not done yet. It is kept, and done later.");
		break;
	case TODO_WAS_DROPPED:
		work->outcome.result =
		    why_set(&work->why, ERR_STATE_CONFLICT, "given-up",
			    "Another program with this device found that this "
			    "cannot be done. It was told why.");
		break;
	}
}

static bool is_in(struct device *d, const char *whom)
{
	const struct session *session = d->open.session;
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(session), &leaf, &member))
		if (!session_departed(session, member.leaf_index) &&
		    names_is(d, member.identity, whom))
			return true;
	return false;
}

/* The commit removed the leaves of when it was ordered. */
static void end_removed(struct device *d)
{
	if (is_in(d, d->work.order.whom))
		d->work.outcome.result =
		    why_set_about(&d->work.why, span_str(d->work.order.whom),
				  ERR_STATE_CONFLICT, "came-again",
				  "%.80s was removed, and is in %s again: a "
				  "device came in meanwhile.",
				  d->work.order.whom, d->open.id);
}

void order_end(struct device *d)
{
	struct work *work = &d->work;
	size_t at = 0;

	if (work_is(work, ORDER_SEND) && work->outcome.item > 0)
		end_send(d);
	else if (work->outcome.kept && d->open.session != NULL)
		work->outcome.item =
		    record_number_or_0(outbox_next(&d->open, &at), "item");
	if (work->outcome.result == ERR_OK && work->todo != 0 &&
	    d->open.session != NULL && session_member(d->open.session))
		end_planned(d);
	if (work->outcome.result == ERR_OK && wants_to_be_in(d) &&
	    (d->open.session == NULL || !session_member(d->open.session)))
		work->outcome.result =
		    why_set(&work->why, ERR_STATE_PENDING, "not-joined",
			    "This device is not in %.40s (yet).",
			    work->outcome.session);
	if (work->outcome.result == ERR_OK && work_is(work, ORDER_REMOVE))
		end_removed(d);
	if (work_is(work, ORDER_SEND) && is_refused(d))
		work->why.item = work->outcome.item;
}
