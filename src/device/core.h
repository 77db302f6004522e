/* The inside of a device: for the sources of src/device only. */
#ifndef HERMETIC_DEVICE_CORE_H
#define HERMETIC_DEVICE_CORE_H

#include "device/accounts/grown.h"
#include "device/device.h"
#include "device/group/membership.h"
#include "device/texts/who_types.h"
#include "device/work.h"
#include "wire/places.h"

#define MET_LOADED 256 /* accounts of others, whose logs stay loaded */
#define IDENTITY_SIZE (DEVICE_NAME_SIZE + TEXT_UUID_SIZE)

struct device {
	struct device_ports ports;
	char username[DEVICE_NAME_SIZE], device_id[TEXT_UUID_SIZE];
	char identity[IDENTITY_SIZE];	  /* username/device_id */
	char own_leaf[LEAF_NAME_MAX + 1]; /* accounts_own(), once it is known */
	struct check_accounts *accounts;  /* owned: the logs that are known */
	struct own_log *own;		  /* owned: own_log_load() */
	struct met *met[MET_LOADED];	  /* owned: met_load() */
	struct grown grown;
	json_t *names;	/* owned: what was found of fingerprints, or NULL */
	json_t *trusts; /* owned: whether they were compared, or NULL */
	struct suites offer;
	unsigned stock;	  /* KeyPackages of an algorithm; 0: packages.c says */
	bool whole_infos; /* the server knows no parts of GroupInfos */
	uint32_t large;	  /* leaves; device_set_large() */
	bool receipts;	  /* device_config has it */
	struct who_types types; /* others, and what was told of itself */
	bool in_transaction;
	uint64_t
	    ends_ms; /* before that no text goes (expiry.h); 0: not known */
	struct membership open;	     /* the session that is loaded; or empty */
	struct work work;	     /* the order that runs, or the last one */
	struct device_event *events; /* owned: told, and not taken yet */
	size_t event_count, event_first;
	size_t event_told; /* of them so many are durable */
};

static inline const struct device_store *core_store(const struct device *d)
{
	return d->ports.store;
}

static inline uint64_t core_now_ms(const struct device *d)
{
	return d->ports.now_ms(d->ports.clock);
}

/* One transaction of the store. A session that another process has written
 * meanwhile is loaded anew. */
MUST_CHECK enum err core_begin(struct device *d);
MUST_CHECK enum err core_commit(struct device *d);
/* Ends a transaction that wrote nothing and changed nothing in memory. */
void core_end_reading(struct device *d);
/* What was changed in memory is forgotten, too. Fine without a transaction. */
void core_rollback(struct device *d);

/* Makes `id` the session that is loaded (d->open). Inside a transaction.
 * ERR_STATE_GONE: there is no such session; ERR_PEER_MALFORMED: it cannot be
 * read, or `id` is no id. */
MUST_CHECK enum err core_load(struct device *d, const char *id);
/* Gives `e`, which core_load() gave, with the reason: of a session that a newer version
 * wrote, or that is damaged. */
MUST_CHECK enum err core_say_unread(struct device *d, const char *id,
				    enum err e, struct why *why);
/* core_load(), with the reason where it fails. */
MUST_CHECK enum err core_load_or_say(struct device *d, const char *id,
				     struct why *why);

/* What is stored of the session cannot be read, and no version reads it. */
bool core_is_damaged(struct device *d, const char *id);

/* The identity that this device has in the session that is loaded; without one
 * username/device_id. */
const char *core_self(const struct device *d);

/* Writes d->open. Inside a transaction. */
MUST_CHECK enum err core_save(struct device *d);

/* This device is a member, has read the log to its end, is where the others
 * are, and knows of no fork: now something may be done in the session. */
bool core_is_settled(const struct device *d);

/* Notes an event: it is told when the transaction is durable. */
void core_tell(struct device *d, enum event_kind kind, uint64_t seq,
	       uint64_t item);

#endif
