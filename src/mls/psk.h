/* The pre-shared keys that a member has, and what they give a Commit:
 * RFC 9420 section 8.4. */
#ifndef HERMETIC_MLS_PSK_H
#define HERMETIC_MLS_PSK_H

#include "mls/epoch.h"
#include "mls/group.h"

struct psk_entry {
	struct buf id;
	struct buf psk;
};

/* External PSKs. */
struct psk_store {
	struct psk_entry *entries;
	size_t count;
};

void psk_store_clear(struct psk_store *store);
MUST_CHECK enum err psk_store_put(struct psk_store *store, struct span id,
				  struct span psk);
MUST_CHECK enum err psk_store_put_all(struct psk_store *store,
				      const struct mls_identity *me);
void psk_store_save(const struct psk_store *store, struct buf *out);
/* The failure is also that of `r`. */
MUST_CHECK enum err psk_store_load(struct psk_store *store, struct rd *r);

/* Where PSKs are looked up: external ones, and resumption PSKs of epochs that
 * are kept. `usage` is what a resumption PSK must be for. */
struct psk_source {
	const struct psk_store *external;
	const struct mls_epoch *const *epochs; /* NULL entries are skipped */
	size_t epoch_count;
	enum wire_psk_usage usage;
};

/* psk_secret of these PSKs in their order, and their encoded ids one after
 * another, appended. ERR_PEER_INVALID for a nonce of the wrong length or a
 * wrong usage; ERR_STATE_GONE for a PSK that is not known. */
MUST_CHECK enum err psk_secret_of(const struct suite *suite,
				  const struct psk_source *source,
				  const struct wire_psk_id *ids, size_t count,
				  struct sec *psk_secret, struct buf *encoded);

#endif
