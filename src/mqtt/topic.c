#include "mqtt/topic.h"

#include <string.h>

#include "base/rd.h"
#include "base/text.h"

static bool skip(struct rd *r, struct span prefix)
{
	if (rd_left(r) < prefix.n ||
	    !span_equal(span_of(r->p, prefix.n), prefix))
		return false;
	(void)rd_take(r, prefix.n);
	return true;
}

/* An id and the slash after it. Only in the form that the server writes: else one
 * topic had many names. */
static bool take_id(struct rd *r, struct uuid *id)
{
	struct span text = rd_take(r, UUID_TEXT);

	if (rd_u8(r) != '/' || !rd_ok(r) || uuid_parse(id, text) != ERR_OK)
		return false;
	return span_equal(text, span_str(uuid_text(*id).text));
}

static bool is_own_topic(struct span rest)
{
	return span_equal(rest, SPAN_LIT("events")) ||
	       span_equal(rest, SPAN_LIT("answers"));
}

struct topic topic_parse(struct span name)
{
	const struct topic other = { .kind = TOPIC_OTHER };
	struct topic t = other;
	struct rd r = rd_init(name);

	if (skip(&r, SPAN_LIT("hermetic/v1/session/")))
		t.kind = TOPIC_MESSAGES;
	else if (skip(&r, SPAN_LIT("hermetic/v1/device/")))
		t.kind = TOPIC_DEVICE;
	else if (skip(&r, SPAN_LIT("hermetic/received/")))
		t.kind = TOPIC_RECEIVED;
	else if (skip(&r, SPAN_LIT("hermetic/typed/")))
		t.kind = TOPIC_TYPED;
	else
		return other;
	if (!take_id(&r, &t.id) || rd_left(&r) == 0)
		return other;
	t.rest = rd_take(&r, rd_left(&r));
	if (t.kind == TOPIC_DEVICE && !is_own_topic(t.rest))
		return other;
	if (t.kind != TOPIC_MESSAGES)
		return t;
	if (span_equal(t.rest, SPAN_LIT("send")))
		t.kind = TOPIC_SEND;
	else if (span_equal(t.rest, SPAN_LIT("typing")))
		t.kind = TOPIC_TYPING;
	else if (!span_equal(t.rest, SPAN_LIT("messages")))
		return other;
	return t;
}

bool topic_client(struct span id, struct uuid *device)
{
	if (id.n < UUID_TEXT || id.n > TOPIC_CLIENT_MAX)
		return false;
	for (size_t i = UUID_TEXT; i < id.n; i++) {
		uint8_t c = id.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return uuid_parse(device, span_of(id.p, UUID_TEXT)) == ERR_OK;
}

static void put(struct buf *out, const char *prefix, struct uuid id,
		const char *rest)
{
	buf_put_str(out, prefix);
	uuid_put(out, id);
	buf_put_str(out, rest);
}

void topic_put_messages(struct buf *out, struct uuid session)
{
	put(out, "hermetic/v1/session/", session, "/messages");
}

void topic_put_events(struct buf *out, struct uuid device)
{
	put(out, "hermetic/v1/device/", device, "/events");
}

void topic_put_received(struct buf *out, struct uuid session,
			struct span client_id)
{
	put(out, "hermetic/received/", session, "/");
	buf_put(out, client_id);
}

void topic_put_typing(struct buf *out, struct uuid session)
{
	put(out, "hermetic/v1/session/", session, "/typing");
}

void topic_put_typed(struct buf *out, struct uuid session,
		     struct span client_id)
{
	put(out, "hermetic/typed/", session, "/");
	buf_put(out, client_id);
}
