#include "check/account_state.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

/* ---- room ---- */

static enum err grow(void **array, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room == 0 ? 4 : *room * 2;
	void *larger;

	if (count <= *room)
		return ERR_OK;
	while (wanted < count)
		wanted *= 2;
	larger = realloc(*array, wanted * size);
	if (larger == NULL)
		return ERR_LOCAL_MEMORY;
	*array = larger;
	*room = wanted;
	return ERR_OK;
}

static void put_slot(uint32_t *slots, size_t count, uint32_t hash,
		     uint32_t value)
{
	size_t at = hash & (count - 1);

	while (slots[at] != 0)
		at = (at + 1) & (count - 1);
	slots[at] = value;
}

/* Slots for so many keys, of which at most half are taken. */
static enum err grow_slots(struct account_log *log, size_t keys)
{
	size_t wanted = log->slot_count == 0 ? 16 : log->slot_count;
	uint32_t *slots;

	while (wanted < 2 * keys)
		wanted *= 2;
	if (wanted == log->slot_count)
		return ERR_OK;
	slots = calloc(wanted, sizeof(*slots));
	if (slots == NULL)
		return ERR_LOCAL_MEMORY;
	for (size_t i = 0; i < log->key_count; i++)
		put_slot(slots, wanted, log->keys[i].hash, (uint32_t)i + 1);
	free(log->slots);
	log->slots = slots;
	log->slot_count = wanted;
	return ERR_OK;
}

static enum err make_room(struct account_log *log, size_t news)
{
	void *hashes = log->hashes, *devices = log->devices, *keys = log->keys;
	enum err e;

	e = grow(&hashes, &log->hash_room, log->count + 1,
		 sizeof(*log->hashes));
	log->hashes = hashes;
	TRY(e);
	e = grow(&devices, &log->device_room, log->device_count + 1,
		 sizeof(*log->devices));
	log->devices = devices;
	TRY(e);
	e = grow(&keys, &log->key_room, log->key_count + news,
		 sizeof(*log->keys));
	log->keys = keys;
	TRY(e);
	TRY(grow_slots(log, log->key_count + news));
out:
	return e;
}

/* ---- keys ---- */

static enum err add_news(struct account_news *news, uint16_t scheme,
			 struct span bytes)
{
	uint8_t digest[32];
	enum err e;

	ENSURE(news->count < sizeof(news->keys) / sizeof(*news->keys),
	       ERR_LOCAL_BUG);
	TRY(hash_one(bytes, digest));
	news->keys[news->count].scheme = scheme;
	news->keys[news->count].bytes = bytes;
	news->keys[news->count].hash = (uint32_t)digest[0] << 24 |
				       (uint32_t)digest[1] << 16 |
				       (uint32_t)digest[2] << 8 | digest[3];
	news->count++;
out:
	return e;
}

enum err account_state_news(const struct account_link *link,
			    struct account_news *news)
{
	struct span rest = link->device.keys, key;
	uint16_t scheme;
	enum err e = ERR_OK;

	news->count = 0;
	if (link->has_recovery)
		TRY(add_news(news, 0, link->recovery.key));
	if (link->device.link_key.n > 0) {
		TRY(add_news(news, 0, link->device.link_key));
		TRY(add_news(news, 0, link->device.hpke_key));
	}
	while (account_link_next_key(&rest, &scheme, &key))
		TRY(add_news(news, scheme, key));
out:
	return e;
}

struct span account_state_key(const struct account_log *log, uint32_t index)
{
	return span_of(log->keys[index].bytes, log->keys[index].n);
}

uint32_t account_state_find(const struct account_log *log, struct span key,
			    uint32_t hash)
{
	size_t at;

	if (log->slot_count == 0)
		return 0;
	at = hash & (log->slot_count - 1);
	for (; log->slots[at] != 0; at = (at + 1) & (log->slot_count - 1)) {
		uint32_t i = log->slots[at] - 1;

		if (log->keys[i].hash == hash &&
		    span_equal(account_state_key(log, i), key))
			return log->slots[at];
	}
	return 0;
}

/* The key's index. */
static uint32_t put_key(struct account_log *log, uint64_t device, uint64_t from,
			const struct account_news *news, size_t i)
{
	struct account_key *key = &log->keys[log->key_count];
	struct span bytes = news->keys[i].bytes;

	*key = (struct account_key){ .device = device,
				     .from = from,
				     .scheme = news->keys[i].scheme,
				     .hash = news->keys[i].hash };
	key->n = (uint8_t)bytes.n;
	memcpy(key->bytes, bytes.p, bytes.n);
	put_slot(log->slots, log->slot_count, key->hash,
		 (uint32_t)log->key_count + 1);
	return (uint32_t)log->key_count++;
}

/* ---- devices ---- */

struct account_member *account_state_device(const struct account_log *log,
					    uint64_t number)
{
	size_t low = 0, high = log->device_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log->devices[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < log->device_count && log->devices[low].number == number
		   ? &log->devices[low]
		   : NULL;
}

static void put_device_keys(struct account_log *log,
			    struct account_member *device, uint64_t from,
			    const struct account_news *news, size_t i)
{
	for (; i < news->count; i++)
		device->keys[device->key_count++] =
		    put_key(log, device->number, from, news, i);
}

static void add_device(struct account_log *log, const struct account_link *link,
		       const struct account_news *news, size_t i)
{
	struct account_member *device = &log->devices[log->device_count++];

	*device = (struct account_member){ .number = link->number,
					   .signer = link->signer };
	device->link_key = put_key(log, link->number, link->number, news, i);
	(void)put_key(log, link->number, link->number, news, i + 1);
	put_device_keys(log, device, link->number, news, i + 2);
	log->standing++;
	if (link->signer == ACCOUNT_RECOVERY_SIGNER)
		log->changed = link->number;
}

static void remove_devices(struct account_log *log,
			   const struct account_link *link)
{
	struct span rest = link->removed;
	uint64_t number;

	while (account_link_next_device(&rest, &number)) {
		account_state_device(log, number)->removed = link->number;
		log->standing--;
	}
}

/* ---- a link ---- */

static void set_recovery(struct account_log *log,
			 const struct account_link *link,
			 const struct account_news *news)
{
	if (log->recovery != 0 && link->signer != ACCOUNT_RECOVERY_SIGNER)
		log->changed = link->number;
	log->recovery = put_key(log, 0, link->number, news, 0) + 1;
}

static void apply(struct account_log *log, const struct account_link *link,
		  const struct account_news *news)
{
	switch (link->kind) {
	case ACCOUNT_BEGIN:
		memcpy(log->name, link->name.p, ACCOUNT_HASH);
		if (link->has_recovery)
			set_recovery(log, link, news);
		add_device(log, link, news, link->has_recovery ? 1 : 0);
		break;
	case ACCOUNT_ADD:
		add_device(log, link, news, 0);
		break;
	case ACCOUNT_REMOVE:
		remove_devices(log, link);
		break;
	case ACCOUNT_KEYS:
		put_device_keys(log, account_state_device(log, link->signer),
				link->number, news, 0);
		break;
	case ACCOUNT_RECOVER:
		set_recovery(log, link, news);
		break;
	case ACCOUNT_CLOSE:
		log->closed = link->number;
		break;
	default:
		break;
	}
}

enum err account_state_apply(struct account_log *log,
			     const struct account_link *link,
			     const struct account_news *news)
{
	enum err e;

	TRY(make_room(log, news->count));
	TRY(account_link_hash(link->encoded, log->hashes[log->count]));
	log->count++;
	apply(log, link, news);
out:
	return e;
}
