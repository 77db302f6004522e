#include "device/group/stood.h"

#include "crypto/hash.h"
#include "device/group/rejoin.h"
#include "device/texts/outbox.h"

#include <stdlib.h>
#include <string.h>

struct stood {
	struct chain chain;
	bool broken; /* no chain leads from the first entry */
	json_t *places;
};

void stood_free(struct stood *stood)
{
	if (stood != NULL)
		json_decref(stood->places);
	free(stood);
}

enum err stood_begin(const uint8_t id[SESSION_ID], struct stood **stood)
{
	struct stood *s = calloc(1, sizeof(*s));
	enum err e = ERR_OK;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	s->places = json_array();
	ENSURE(s->places != NULL, ERR_LOCAL_MEMORY);
	TRY(chain_start(&s->chain, span_of(id, SESSION_ID)));
	*stood = s;
	s = NULL;
out:
	stood_free(s);
	return e;
}

/* The hash of its bytes, and whether its head follows: by either formula where the
 * bytes are there. */
static enum err check_entry(const struct chain *chain,
			    const struct answer_entry *entry,
			    struct digest *hash)
{
	enum chain_kind kind = (enum chain_kind)entry->kind;
	uint8_t head[CHAIN_HEAD];
	enum err e;

	ENSURE(entry->seq == chain->seq + 1, ERR_PEER_FORK);
	if (!entry->bare && !entry->expired) {
		TRY(hash_one(entry->bytes, hash->bytes));
		return chain_check_next(chain, kind, entry->bytes, entry->head);
	}
	*hash = digest_of(entry->hash);
	TRY(chain_next_hash(chain, kind, entry->hash, head));
	ENSURE(memcmp(head, entry->head, CHAIN_HEAD) == 0, ERR_PEER_FORK);
out:
	return e;
}

static enum err add(json_t *places, uint64_t seq, struct digest hash)
{
	json_t *place = json_pack("{s:I}", "seq", (json_int_t)seq);
	enum err e;

	ENSURE(place != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_hex(place, "hash", SPAN_ARRAY(hash.bytes)));
	ENSURE(json_array_append(places, place) == 0, ERR_LOCAL_MEMORY);
out:
	json_decref(place);
	return e;
}

enum err stood_take(const struct device *d, struct stood *stood,
		    const struct answer *answer, uint64_t end)
{
	struct digest hash;
	uint64_t epoch;
	enum err e = ERR_OK;

	for (size_t i = 0; i < answer->entry_count && !stood->broken; i++) {
		const struct answer_entry *entry = &answer->entries[i];

		if (entry->seq > end)
			break;
		e = check_entry(&stood->chain, entry, &hash);
		stood->broken = err_class(e) == ERR_CLASS_PEER;
		if (stood->broken)
			return ERR_OK;
		TRY(e);
		chain_advance(&stood->chain, entry->head);
		if (entry->kind == CHAIN_APPLICATION &&
		    outbox_has_hash(&d->open, hash, &epoch))
			TRY(add(stood->places, entry->seq, hash));
	}
out:
	return e;
}

enum err stood_end(const struct stood *stood, uint64_t seq,
		   const uint8_t head[CHAIN_HEAD], json_t **places)
{
	bool whole = !stood->broken && stood->chain.seq == seq &&
		     memcmp(chain_head(&stood->chain), head, CHAIN_HEAD) == 0;

	json_decref(*places);
	*places = whole ? json_incref(stood->places) : json_array();
	return *places != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

enum err stood_later(struct device *d, uint64_t seq, struct digest hash)
{
	struct rejoin *rejoin = d->work.rejoin;
	json_t *base = json_object_get(d->open.notes, "base");
	enum err e = ERR_OK;

	if (rejoin->places == NULL)
		rejoin->places = json_array();
	ENSURE(rejoin->places != NULL, ERR_LOCAL_MEMORY);
	TRY(add(rejoin->places, seq, hash));
	if (base != NULL) {
		(void)json_object_set(base, "stood", rejoin->places);
		work_changed(d);
	}
out:
	return e;
}

enum err stood_note(struct device *d, const json_t *places)
{
	const json_t *place;
	struct digest hash;
	uint64_t seq;
	size_t i;
	bool found;
	enum err e = ERR_OK;

	json_array_foreach(places, i, place)
	{
		TRY(record_number(place, "seq", &seq));
		TRY(record_digest(place, "hash", hash.bytes));
		TRY(outbox_sent_by_hash(d, seq, hash, &found));
	}
out:
	return e;
}
