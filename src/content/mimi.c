/* Reading and the ids; mimi_write.c has the writing. */
#include "content/mimi.h"

#include "content/item.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS 7    /* of a message */
#define PART_MIN 4  /* bytes of the shortest part, and its items */
#define PART_NULL 3 /* items of a part that holds nothing */
#define PART_SINGLE 5
#define PART_EXTERNAL 15
#define PART_MULTI 5

/* ---- parts ---- */

static struct mimi_part *grow(struct item_rd *r, struct mimi_message *m,
			      size_t *room)
{
	struct mimi_part *more;

	if (m->part_count == MIMI_PARTS) {
		item_fail(r, ERR_PEER_TOO_LARGE);
		return NULL;
	}
	if (m->part_count == *room) {
		*room = *room == 0 ? 1 : *room * 2;
		more = realloc(m->parts, *room * sizeof(*more));
		if (more == NULL) {
			item_fail(r, ERR_LOCAL_MEMORY);
			return NULL;
		}
		m->parts = more;
	}
	memset(&m->parts[m->part_count], 0, sizeof(*m->parts));
	return &m->parts[m->part_count++];
}

static void read_external(struct item_rd *r, struct mimi_part *part)
{
	struct mimi_external *x = &part->external;

	part->content_type = item_text(r, MIMI_MAX);
	x->url = item_text(r, MIMI_MAX);
	x->expires = (uint32_t)item_uint(r, UINT32_MAX);
	x->size = item_uint(r, UINT64_MAX);
	x->aead = (uint16_t)item_uint(r, UINT16_MAX);
	x->key = item_bytes(r, MIMI_MAX);
	x->nonce = item_bytes(r, MIMI_MAX);
	x->aad = item_bytes(r, MIMI_MAX);
	x->hash = (uint8_t)item_uint(r, UINT8_MAX);
	x->content_hash = item_bytes(r, MIMI_MAX);
	x->description = item_text(r, MIMI_MAX);
	x->filename = item_text(r, MIMI_MAX);
}

static size_t read_multi(struct item_rd *r, struct mimi_part *part)
{
	part->semantics = (enum mimi_semantics)item_uint(r, MIMI_PROCESS_ALL);
	part->children = item_array(r, MIMI_PARTS - 1);
	if (part->children < 2 || part->children > r->rest.n / PART_MIN)
		item_fail(r, ERR_PEER_MALFORMED);
	return part->children;
}

/* How many items a part of that cardinality is. */
static size_t items_of(enum mimi_cardinality cardinality)
{
	switch (cardinality) {
	case MIMI_NULL:
		return PART_NULL;
	case MIMI_SINGLE:
		return PART_SINGLE;
	case MIMI_EXTERNAL:
		return PART_EXTERNAL;
	case MIMI_MULTI:
		break;
	}
	return PART_MULTI;
}

/* It goes MIMI_LEVELS deep at most; `part` is gone when another one is read. */
static void read_part(struct item_rd *r, struct mimi_message *m, size_t *room,
		      unsigned level)
{
	size_t items = item_array(r, PART_EXTERNAL), children = 0;
	struct mimi_part *part = grow(r, m, room);

	if (part == NULL)
		return;
	part->level = level;
	part->disposition = (uint8_t)item_uint(r, UINT8_MAX);
	part->language = item_text(r, MIMI_MAX);
	part->cardinality = (enum mimi_cardinality)item_uint(r, MIMI_MULTI);
	if (items != items_of(part->cardinality))
		item_fail(r, ERR_PEER_MALFORMED);
	if (part->cardinality == MIMI_SINGLE) {
		part->content_type = item_text(r, MIMI_MAX);
		part->content = item_bytes(r, MIMI_MAX);
	} else if (part->cardinality == MIMI_EXTERNAL) {
		read_external(r, part);
	} else if (part->cardinality == MIMI_MULTI) {
		children = read_multi(r, part);
		if (level == MIMI_LEVELS)
			item_fail(r, ERR_PEER_TOO_LARGE);
	}
	for (; children > 0 && r->fail == ERR_OK; children--)
		read_part(r, m, room, level + 1);
}

/* ---- the fields ---- */

static struct span read_id(struct item_rd *r)
{
	struct span id;

	if (item_null(r))
		return SPAN_EMPTY;
	id = item_bytes(r, MIMI_ID);
	if (id.n != MIMI_ID)
		item_fail(r, ERR_PEER_MALFORMED);
	else if (id.p[0] != MIMI_SHA256)
		item_fail(r, ERR_PEER_UNSUPPORTED);
	return r->fail == ERR_OK ? id : SPAN_EMPTY;
}

static void read_expires(struct item_rd *r, struct mimi_message *m)
{
	if (item_null(r))
		return;
	if (item_array(r, 2) != 2)
		item_fail(r, ERR_PEER_MALFORMED);
	m->expires = true;
	m->relative = item_bool(r);
	m->expires_at = (uint32_t)item_uint(r, UINT32_MAX);
}

static void check_key(struct item_rd *r, const struct item_key *key,
		      struct span last)
{
	if (key->kind == ITEM_BYTES ||
	    (key->kind == ITEM_TEXT && key->text.n == 0) ||
	    (r->fail == ERR_OK && !item_in_order(last, key->encoded)))
		item_fail(r, ERR_PEER_MALFORMED);
	if (key->kind == ITEM_TEXT && key->text.n > MIMI_NAME_MAX)
		item_fail(r, ERR_PEER_TOO_LARGE);
}

/* "Extension Fields": the draft's own two are texts. */
static void read_pair(struct item_rd *r, struct span *last)
{
	struct item_key key = item_key(r);

	check_key(r, &key, *last);
	*last = key.encoded;
	if (key.kind == ITEM_UINT &&
	    (key.number == MIMI_SENDER_URI || key.number == MIMI_ROOM_URI))
		(void)item_text(r, MIMI_MAX);
	else
		(void)item_any(r, MIMI_EXTENSION_LEVELS - 1);
}

static struct span read_extensions(struct item_rd *r)
{
	size_t pairs = item_map(r, MIMI_MAX);
	struct span from = r->rest, last = SPAN_EMPTY;

	for (; pairs > 0 && r->fail == ERR_OK; pairs--)
		read_pair(r, &last);
	return r->fail == ERR_OK ? span_of(from.p, from.n - r->rest.n)
				 : SPAN_EMPTY;
}

static void read_salt(struct item_rd *r, struct mimi_message *m)
{
	struct span salt = item_bytes(r, MIMI_SALT);

	if (salt.n == MIMI_SALT)
		memcpy(m->salt, salt.p, MIMI_SALT);
	else
		item_fail(r, ERR_PEER_MALFORMED);
}

enum err mimi_decode(struct span bytes, struct mimi_message *message)
{
	struct item_rd r = item_rd_init(bytes);
	struct mimi_message m = { .parts = NULL };
	size_t room = 0;
	enum err e;

	memset(message, 0, sizeof(*message));
	if (bytes.n > MIMI_MAX)
		item_fail(&r, ERR_PEER_TOO_LARGE);
	if (item_array(&r, FIELDS) != FIELDS)
		item_fail(&r, ERR_PEER_MALFORMED);
	read_salt(&r, &m);
	m.replaces = read_id(&r);
	m.topic = item_bytes(&r, MIMI_TOPIC_MAX);
	read_expires(&r, &m);
	m.in_reply_to = read_id(&r);
	m.extensions = read_extensions(&r);
	read_part(&r, &m, &room, 1);
	e = item_end(&r);
	if (e == ERR_OK)
		*message = m;
	else
		mimi_message_clear(&m);
	return e;
}

void mimi_message_clear(struct mimi_message *message)
{
	free(message->parts);
	memset(message, 0, sizeof(*message));
}

bool mimi_next_extension(struct span *rest, struct mimi_extension *extension)
{
	struct item_rd r = item_rd_init(*rest);
	struct item_key key = item_key(&r);

	memset(extension, 0, sizeof(*extension));
	extension->value = item_any(&r, MIMI_EXTENSION_LEVELS - 1);
	*rest = r.rest;
	if (r.fail != ERR_OK)
		return false;
	extension->named = key.kind == ITEM_TEXT;
	extension->name = key.text;
	if (key.kind == ITEM_UINT)
		extension->number = (int64_t)key.number;
	else if (key.kind == ITEM_NEGINT)
		extension->number = -1 - (int64_t)key.number;
	return true;
}

/* ---- ids ---- */

static void put_uri(struct buf *out, struct span uri)
{
	buf_put_u16(out, (uint16_t)uri.n);
	buf_put(out, uri);
}

enum err mimi_id(struct span sender_uri, struct span room_uri,
		 struct span message, const uint8_t salt[MIMI_SALT],
		 uint8_t id[MIMI_ID])
{
	uint8_t hash[32];
	struct buf uris = BUF_INIT;
	struct span parts[3];
	enum err e;

	memset(id, 0, MIMI_ID);
	ENSURE(sender_uri.n <= UINT16_MAX && room_uri.n <= UINT16_MAX,
	       ERR_PEER_TOO_LARGE);
	put_uri(&uris, sender_uri);
	put_uri(&uris, room_uri);
	TRY(buf_end(&uris));
	parts[0] = buf_span(&uris);
	parts[1] = message;
	parts[2] = span_of(salt, MIMI_SALT);
	TRY(hash_sha256(parts, 3, hash));
	id[0] = MIMI_SHA256;
	memcpy(id + 1, hash, MIMI_ID - 1);
out:
	buf_clear(&uris);
	return e;
}
