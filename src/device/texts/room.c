#include "device/texts/room.h"

#include "content/item.h"
#include "device/texts/content.h"

#include <string.h>

#define EXTENSION "hermetic/room"

/* Keys of the extension's map. */
enum { KEY_NAME = 1, KEY_SUBJECT = 2, KEY_PICTURE = 3 };

/* ---- pictures ---- */

static const struct {
	const char *type, *magic;
	size_t n;
} TYPES[] = {
	{ "image/png", "\x89PNG\r\n\x1a\n", 8 },
	{ "image/jpeg", "\xff\xd8\xff", 3 },
	{ "image/gif", "GIF8", 4 },
};

const char *room_picture_type(struct span picture)
{
	if (picture.n == 0 || picture.n > ROOM_PICTURE_MAX)
		return NULL;
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(*TYPES); i++)
		if (picture.n >= TYPES[i].n &&
		    memcmp(picture.p, TYPES[i].magic, TYPES[i].n) == 0)
			return TYPES[i].type;
	if (picture.n >= 12 && memcmp(picture.p, "RIFF", 4) == 0 &&
	    memcmp(picture.p + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}

/* The first part that is an icon. */
static struct span find_icon(const struct mimi_message *m)
{
	for (size_t i = 0; i < m->part_count; i++)
		if (m->parts[i].disposition == MIMI_ICON &&
		    m->parts[i].cardinality == MIMI_SINGLE)
			return m->parts[i].content;
	return SPAN_EMPTY;
}

/* ---- the parts ---- */

static void put_line(struct buf *out, const char *what, struct span words)
{
	if (out->n > 0)
		buf_put_u8(out, '\n');
	buf_put_str(out, what);
	buf_put(out, words);
}

/* For clients that do not know the extension. */
static void put_words(const struct room *room, struct buf *out)
{
	if (room->says_name)
		put_line(out, "The session's name: ", room->name);
	if (room->says_subject)
		put_line(out, "The session is about: ", room->subject);
	if (room->says_picture)
		put_line(out,
			 room->picture.n > 0
			     ? "The session has this picture:"
			     : "The session has no picture any more.",
			 SPAN_EMPTY);
}

struct layout {
	struct mimi_part parts[3];
	struct mimi_part *first; /* of `parts` */
	size_t count;
};

/* The words, and behind them the picture where there is one. Spans are borrowed. */
static void lay_out(const struct room *room, struct span words,
		    struct layout *layout)
{
	bool pictured = room->says_picture && room->picture.n > 0;

	*layout = (struct layout){ .parts = {
				       { .disposition = MIMI_RENDER,
					 .cardinality = MIMI_MULTI,
					 .semantics = MIMI_PROCESS_ALL,
					 .children = 2 },
				       { .disposition = MIMI_RENDER,
					 .cardinality = MIMI_SINGLE,
					 .content_type = SPAN_LIT(
					     "text/plain;charset=utf-8"),
					 .content = words },
				       { .disposition = MIMI_ICON,
					 .cardinality = MIMI_SINGLE,
					 .content_type = span_str(room->type),
					 .content = room->picture },
				   } };
	layout->first = pictured ? layout->parts : layout->parts + 1;
	layout->count = pictured ? 3 : 1;
}

/* ---- reading ---- */

static void read_pair(struct item_rd *r, struct room *room, bool *has_picture)
{
	struct item_key key = item_key(r);

	if (key.kind != ITEM_UINT)
		(void)item_any(r, 1);
	else if (key.number == KEY_NAME) {
		room->says_name = true;
		room->name = item_text(r, CONTENT_NAME_MAX);
	} else if (key.number == KEY_SUBJECT) {
		room->says_subject = true;
		room->subject = item_text(r, ROOM_SUBJECT_MAX);
	} else if (key.number == KEY_PICTURE) {
		room->says_picture = true;
		*has_picture = item_bool(r);
	} else {
		(void)item_any(r, 1); /* of a later version */
	}
}

static bool is_sound(struct span text)
{
	return content_is_sound(CONTENT_TEXT, text);
}

static bool read_room(const struct mimi_message *m, struct span value,
		      struct room *room)
{
	struct item_rd r = item_rd_init(value);
	size_t pairs = item_map(&r, MIMI_MAX);
	bool has_picture = false;

	for (; pairs > 0 && r.fail == ERR_OK; pairs--)
		read_pair(&r, room, &has_picture);
	if (item_end(&r) != ERR_OK || (room->says_name && room->name.n == 0) ||
	    !is_sound(room->name) || !is_sound(room->subject))
		return false;
	room->type = "";
	if (has_picture) {
		room->picture = find_icon(m);
		room->type = room_picture_type(room->picture);
	}
	return room->type != NULL &&
	       (room->says_name || room->says_subject || room->says_picture);
}

static bool is_same_part(const struct mimi_part *a, const struct mimi_part *b)
{
	return a->disposition == b->disposition &&
	       a->cardinality == b->cardinality &&
	       a->semantics == b->semantics && a->children == b->children &&
	       span_equal(a->content_type, b->content_type) &&
	       span_equal(a->content, b->content);
}

/* Nothing else is said: who does not know the extension reads the same. */
static enum err is_alone(const struct mimi_message *m, const struct room *room,
			 bool *alone)
{
	struct buf words = BUF_INIT;
	struct layout layout;
	enum err e;

	put_words(room, &words);
	TRY(buf_end(&words));
	lay_out(room, buf_span(&words), &layout);
	*alone = m->replaces.n == 0 && m->in_reply_to.n == 0 &&
		 m->topic.n == 0 && !m->expires &&
		 m->part_count == layout.count;
	for (size_t i = 0; *alone && i < layout.count; i++)
		*alone = is_same_part(&m->parts[i], &layout.first[i]);
out:
	buf_clear(&words);
	return e;
}

enum err room_read(const struct mimi_message *m, struct room *room)
{
	struct mimi_extension extension;
	struct span rest = m->extensions;
	enum err e = ERR_OK;

	memset(room, 0, sizeof(*room));
	while (mimi_next_extension(&rest, &extension)) {
		if (!extension.named ||
		    !span_equal(extension.name, span_str(EXTENSION)))
			continue;
		if (read_room(m, extension.value, room))
			TRY(is_alone(m, room, &room->is));
		break;
	}
out:
	if (!room->is)
		memset(room, 0, sizeof(*room));
	return e;
}

/* ---- writing ---- */

static void put_extension(const struct room *room, struct buf *out)
{
	item_put_text(out, span_str(EXTENSION));
	item_put_map(out, (size_t)room->says_name + room->says_subject +
			      room->says_picture);
	if (room->says_name) {
		item_put_uint(out, KEY_NAME);
		item_put_text(out, room->name);
	}
	if (room->says_subject) {
		item_put_uint(out, KEY_SUBJECT);
		item_put_text(out, room->subject);
	}
	if (room->says_picture) {
		item_put_uint(out, KEY_PICTURE);
		item_put_bool(out, room->picture.n > 0);
	}
}

enum err room_put(const struct room *said, const struct rng *rng,
		  struct buf *out)
{
	struct buf extension = BUF_INIT, words = BUF_INIT;
	struct room room = *said;
	struct mimi_message m = { .part_count = 0 };
	struct layout layout;
	enum err e;

	room.type = room.picture.n > 0 ? room_picture_type(room.picture) : "";
	ENSURE(room.type != NULL, ERR_PEER_INVALID);
	put_extension(&room, &extension);
	put_words(&room, &words);
	TRY(buf_end(&extension));
	TRY(buf_end(&words));
	lay_out(&room, buf_span(&words), &layout);
	m.extensions = buf_span(&extension);
	m.parts = layout.first;
	m.part_count = layout.count;
	TRY(rng_fill(rng, m.salt, sizeof(m.salt)));
	TRY(mimi_encode(&m, out));
out:
	buf_clear(&extension);
	buf_clear(&words);
	return e;
}
