#include "device/said.h"

#include "device/content.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* ---- showing ---- */

static bool is_type(struct span type, const char *name)
{
	size_t n = strlen(name);

	return type.n >= n && strncasecmp((const char *)type.p, name, n) == 0 &&
	       (type.n == n || type.p[n] == ';' || type.p[n] == ' ');
}

static bool is_text(const struct mimi_part *part)
{
	return part->cardinality == MIMI_SINGLE &&
	       (is_type(part->content_type, "text/plain") ||
		is_type(part->content_type, "text/markdown"));
}

static void put_size(struct buf *out, uint64_t size)
{
	if (size > 0)
		buf_putf(out, ", %" PRIu64 " bytes", size);
	buf_put_u8(out, ']');
}

static void put_other(struct said *said, const struct mimi_part *part)
{
	const struct mimi_external *x = &part->external;
	struct buf *out = &said->text;

	said->fallback = true;
	buf_put_u8(out, '[');
	buf_put(out, part->content_type);
	if (part->cardinality == MIMI_SINGLE) {
		put_size(out, part->content.n);
		return;
	}
	buf_put_str(out, " elsewhere: ");
	buf_put(out, x->filename.n > 0 ? x->filename : x->url);
	if (x->description.n > 0) {
		buf_put_str(out, ", ");
		buf_put(out, x->description);
	}
	put_size(out, x->size);
}

/* The first file of a message is shown as one; others are words. */
static bool take_file(struct said *said, const struct mimi_part *part)
{
	struct attachment file = { .size = 0 };
	enum err e = ERR_PEER_UNSUPPORTED;

	if (!said->has_file && said->act == SAID_TEXT)
		e = attachment_of_part(part, &file);
	if (e != ERR_OK) {
		attachment_clear(&file);
		if (err_class(e) == ERR_CLASS_LOCAL)
			said->text.fail = e;
		return false;
	}
	said->file = file;
	said->has_file = true;
	return true;
}

static void put_leaf(struct said *said, const struct mimi_part *part)
{
	if (part->cardinality == MIMI_NULL || take_file(said, part))
		return;
	if (said->text.n > 0)
		buf_put_u8(&said->text, '\n');
	if (is_text(part))
		buf_put(&said->text, part->content);
	else
		put_other(said, part);
}

/* The place behind a part and all that is in it. */
static size_t behind(const struct mimi_message *m, size_t at)
{
	size_t next = at + 1;

	for (size_t i = m->parts[at].children; i > 0; i--)
		next = behind(m, next);
	return next;
}

/* Of parts to choose from: the first text, else the first one. */
static size_t choose(const struct mimi_message *m, size_t at)
{
	size_t child = at + 1;

	for (size_t i = m->parts[at].children; i > 0; i--) {
		if (is_text(&m->parts[child]))
			return child;
		child = behind(m, child);
	}
	return at + 1;
}

static void put_part(struct said *said, const struct mimi_message *m, size_t at)
{
	const struct mimi_part *part = &m->parts[at];
	size_t child = at + 1;

	if (part->cardinality != MIMI_MULTI) {
		put_leaf(said, part);
		return;
	}
	if (part->semantics == MIMI_CHOOSE_ONE) {
		put_part(said, m, choose(m, at));
		return;
	}
	for (size_t i = part->children; i > 0; i--) {
		put_part(said, m, child);
		child = behind(m, child);
	}
}

/* ---- reading ---- */

static void set_about(struct said *said, enum said_act act, struct span id)
{
	said->act = act;
	said->is_about = id.n == MIMI_ID;
	if (said->is_about)
		memcpy(said->about, id.p, MIMI_ID);
}

static void read_act(const struct mimi_message *m, struct said *said)
{
	const struct mimi_part *body = &m->parts[0];

	if (m->replaces.n > 0)
		set_about(said,
			  body->cardinality == MIMI_NULL ? SAID_DELETE
							 : SAID_EDIT,
			  m->replaces);
	else if (body->disposition == MIMI_REACTION && is_text(body) &&
		 body->content.n <= SAID_REACTION_MAX && m->in_reply_to.n > 0)
		set_about(said, SAID_REACTION, m->in_reply_to);
	else
		set_about(said, SAID_TEXT, m->in_reply_to);
}

enum err said_read(struct span mimi, struct said *said)
{
	struct mimi_message m;
	enum err e;

	memset(said, 0, sizeof(*said));
	TRY(mimi_decode(mimi, &m));
	memcpy(said->salt, m.salt, MIMI_SALT);
	said->expires = m.expires;
	said->relative = m.relative;
	said->expires_s = m.expires_at;
	read_act(&m, said);
	put_part(said, &m, 0);
	TRY(buf_end(&said->text));
	ENSURE(content_is_sound(CONTENT_TEXT, buf_span(&said->text)),
	       ERR_PEER_MALFORMED);
	ENSURE(said->text.n > 0 || said->act == SAID_DELETE || said->has_file,
	       ERR_PEER_INVALID);
out:
	mimi_message_clear(&m);
	if (e != ERR_OK)
		said_clear(said);
	return e;
}

void said_clear(struct said *said)
{
	buf_clear(&said->text);
	attachment_clear(&said->file);
	memset(said, 0, sizeof(*said));
}

uint64_t said_end(const struct said *said, uint64_t now_ms)
{
	uint64_t after = (uint64_t)said->expires_s * 1000;

	if (!said->expires)
		return 0;
	if (said->relative)
		return now_ms + after;
	return after > 0 ? after : 1; /* 0 says never */
}

/* ---- making ---- */

enum err said_put(const struct saying *saying, const struct rng *rng,
		  struct buf *out)
{
	enum said_act act = saying->act;
	/* a text, a file, or both in one part */
	struct mimi_part parts[3] = {
		{ .disposition = MIMI_RENDER,
		  .cardinality = MIMI_MULTI,
		  .semantics = MIMI_PROCESS_ALL,
		  .children = 2 },
		{
		    .disposition =
			act == SAID_REACTION ? MIMI_REACTION : MIMI_RENDER,
		    .cardinality = act == SAID_DELETE ? MIMI_NULL : MIMI_SINGLE,
		    .content_type = SPAN_LIT("text/plain;charset=utf-8"),
		    .content = saying->text,
		}
	};
	struct mimi_message m = { .parts = parts + 1, .part_count = 1 };
	bool replaces = act == SAID_EDIT || act == SAID_DELETE;
	uint64_t ends_s = saying->expires_ms / 1000;
	struct buf url = BUF_INIT;
	enum err e;

	ENSURE(ends_s <= UINT32_MAX, ERR_PEER_INVALID);
	if (saying->file != NULL) {
		attachment_to_part(saying->file, &url, &parts[2]);
		TRY(buf_end(&url));
		m.parts = saying->text.n > 0 ? parts : parts + 2;
		m.part_count = saying->text.n > 0 ? 3 : 1;
	}
	TRY(rng_fill(rng, m.salt, sizeof(m.salt)));
	m.replaces = replaces ? saying->about : SPAN_EMPTY;
	m.in_reply_to = replaces ? SPAN_EMPTY : saying->about;
	m.expires = ends_s > 0;
	m.expires_at = (uint32_t)ends_s;
	TRY(mimi_encode(&m, out));
out:
	buf_clear(&url);
	return e;
}

enum err said_without_end(struct span mimi, struct buf *out)
{
	struct mimi_message m;
	enum err e;

	TRY(mimi_decode(mimi, &m));
	m.expires = m.relative = false;
	m.expires_at = 0;
	TRY(mimi_encode(&m, out));
out:
	mimi_message_clear(&m);
	return e;
}

/* ---- ids ---- */

enum err said_id(struct span identity, const char *session, struct span message,
		 const uint8_t salt[MIMI_SALT], uint8_t id[MIMI_ID])
{
	const uint8_t *slash =
	    identity.n > 0 ? memchr(identity.p, '/', identity.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - identity.p) : identity.n;
	struct buf sender = BUF_INIT, room = BUF_INIT;
	enum err e;

	buf_put_str(&sender, "hermetic:user/");
	buf_put(&sender, span_of(identity.p, n));
	TRY(buf_end(&sender));
	buf_putf(&room, "hermetic:session/%s", session);
	TRY(buf_end(&room));
	TRY(mimi_id(buf_span(&sender), buf_span(&room), message, salt, id));
out:
	buf_clear(&sender);
	buf_clear(&room);
	return e;
}
