#include "device/texts/said.h"

#include "device/texts/content.h"
#include "device/texts/mentions.h"

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

static bool is_single(const struct mimi_part *part, const char *type)
{
	return part->cardinality == MIMI_SINGLE &&
	       is_type(part->content_type, type);
}

/* Text that is no UTF-8 is content of another kind. */
static bool is_text(const struct mimi_part *part)
{
	return (is_single(part, "text/plain") ||
		is_single(part, "text/markdown")) &&
	       content_is_sound(CONTENT_TEXT, part->content);
}

/* Words of another member among ours. With U+0000 in them the result would be no text. */
static void put_words(struct buf *out, struct span words)
{
	for (size_t i = 0; i < words.n; i++)
		if (words.p[i] != 0)
			buf_put_u8(out, words.p[i]);
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
	put_words(out, part->content_type);
	if (part->cardinality == MIMI_SINGLE) {
		put_size(out, part->content.n);
		return;
	}
	buf_put_str(out, " elsewhere: ");
	put_words(out, x->filename.n > 0 ? x->filename : x->url);
	if (x->description.n > 0) {
		buf_put_str(out, ", ");
		put_words(out, x->description);
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

/* How much of a part, and of what stands in it, is shown as more than a word. */
enum shown { SHOWN_NOT, SHOWN_PARTLY, SHOWN_WHOLE };

static enum shown look(const struct mimi_message *m, size_t at)
{
	const struct mimi_part *part = &m->parts[at];
	bool any = false, all = true;

	if (part->cardinality != MIMI_MULTI)
		return is_text(part) ? SHOWN_WHOLE : SHOWN_NOT;
	for (size_t i = at + 1, end = behind(m, at); i < end; i++) {
		if (m->parts[i].cardinality == MIMI_MULTI)
			continue;
		any |= is_text(&m->parts[i]);
		all &= is_text(&m->parts[i]);
	}
	if (all || (any && part->semantics == MIMI_CHOOSE_ONE))
		return SHOWN_WHOLE;
	return any ? SHOWN_PARTLY : SHOWN_NOT;
}

/* Of parts to choose from: the first one that is shown whole, else of which something
 * is, else the first one. */
static size_t choose(const struct mimi_message *m, size_t at)
{
	size_t child = at + 1, chosen = at + 1;
	enum shown best = SHOWN_NOT, shown;

	for (size_t i = m->parts[at].children; i > 0; i--) {
		shown = look(m, child);
		if (shown > best) {
			best = shown;
			chosen = child;
		}
		child = behind(m, child);
	}
	return chosen;
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

/* Also of a part that is not shown, because another one stands for it. */
static void read_mentions(const struct mimi_message *m, struct said *said)
{
	if (said->act != SAID_TEXT && said->act != SAID_EDIT)
		return;
	for (size_t i = 0; i < m->part_count; i++)
		if (is_single(&m->parts[i], "text/markdown"))
			mentions_collect(m->parts[i].content, &said->mentions);
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
	TRY(room_read(&m, &said->room));
	if (said->room.is)
		said->act = SAID_ROOM;
	put_part(said, &m, 0);
	read_mentions(&m, said);
	buf_put(&said->topic, m.topic);
	TRY(buf_end(&said->text));
	TRY(buf_end(&said->topic));
	TRY(buf_end(&said->mentions));
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
	buf_clear(&said->topic);
	buf_clear(&said->mentions);
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

#define MARKDOWN "text/markdown;variant=GFM"
#define PLAIN "text/plain;charset=utf-8"

/* All parts that a message of ours has at most: a text in two forms, and a file. */
#define PARTS_MAX 5

static void put_text(const struct saying *saying, struct mimi_message *m)
{
	struct mimi_part part = {
		.disposition =
		    saying->act == SAID_REACTION ? MIMI_REACTION : MIMI_RENDER,
		.cardinality = MIMI_SINGLE,
		.content_type = SPAN_LIT(PLAIN),
		.content = saying->text,
	};

	if (saying->act == SAID_DELETE) {
		part.cardinality = MIMI_NULL;
		part.content_type = part.content = SPAN_EMPTY;
	}
	if (saying->markdown.n > 0)
		m->parts[m->part_count++] =
		    (struct mimi_part){ .disposition = MIMI_RENDER,
					.cardinality = MIMI_MULTI,
					.semantics = MIMI_CHOOSE_ONE,
					.children = 2 };
	m->parts[m->part_count++] = part;
	part.content_type = SPAN_LIT(MARKDOWN);
	part.content = saying->markdown;
	if (saying->markdown.n > 0)
		m->parts[m->part_count++] = part;
}

/* A text, a file, or both in one part. */
static enum err put_parts(const struct saying *saying, struct buf *url,
			  struct mimi_message *m)
{
	const struct attachment *file = saying->file;
	enum err e = ERR_OK;

	if (file != NULL && saying->text.n > 0)
		m->parts[m->part_count++] =
		    (struct mimi_part){ .disposition = MIMI_RENDER,
					.cardinality = MIMI_MULTI,
					.semantics = MIMI_PROCESS_ALL,
					.children = 2 };
	if (file == NULL || saying->text.n > 0)
		put_text(saying, m);
	if (file == NULL)
		return ERR_OK;
	attachment_to_part(file, url, &m->parts[m->part_count++]);
	TRY(buf_end(url));
out:
	return e;
}

enum err said_put(const struct saying *saying, const struct rng *rng,
		  struct buf *out)
{
	enum said_act act = saying->act;
	struct mimi_part parts[PARTS_MAX];
	struct mimi_message m = { .parts = parts, .topic = saying->topic };
	bool replaces = act == SAID_EDIT || act == SAID_DELETE;
	uint64_t ends_s = saying->expires_ms / 1000;
	struct buf url = BUF_INIT;
	enum err e;

	ENSURE(ends_s <= UINT32_MAX, ERR_PEER_INVALID);
	TRY(put_parts(saying, &url, &m));
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

/* ---- as it was given ---- */

/* A text in the two forms of put_text(). */
static bool is_twofold(const struct mimi_message *m, size_t at)
{
	const struct mimi_part *part = &m->parts[at];

	return part->cardinality == MIMI_MULTI &&
	       part->semantics == MIMI_CHOOSE_ONE && part->children == 2 &&
	       is_single(&part[1], "text/plain") &&
	       is_single(&part[2], "text/markdown");
}

static bool drop_markdown(struct mimi_message *m)
{
	size_t count = 0;
	bool any = false;

	for (size_t i = 0; i < m->part_count; i++) {
		bool twofold = is_twofold(m, i);

		i += twofold;
		m->parts[count++] = m->parts[i];
		i += twofold;
		any |= twofold;
	}
	m->part_count = count;
	return any;
}

enum err said_as_given(struct span mimi, struct buf *out, bool *alone)
{
	struct mimi_message m;
	enum err e;

	*alone = false;
	TRY(mimi_decode(mimi, &m));
	*alone = drop_markdown(&m) && !m.expires && m.part_count == 1 &&
		 m.replaces.n == 0 && m.in_reply_to.n == 0 && m.topic.n == 0 &&
		 m.extensions.n == 0;
	m.expires = m.relative = false;
	m.expires_at = 0;
	if (*alone)
		buf_put(out, m.parts[0].content);
	else
		TRY(mimi_encode(&m, out));
	e = out->fail;
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

	buf_put_str(&sender, MENTIONS_URI);
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
