/*
 * Data of the application's components: the app_data_dictionary of
 * draft-ietf-mls-extensions-10 (section 4.6), an extension of a GroupContext, a
 * LeafNode, a KeyPackage or a GroupInfo. That of the GroupContext changes by
 * AppDataUpdates (mls_change.app_data, mls_authentication.update_data).
 */
#ifndef HERMETIC_MLS_COMPONENTS_H
#define HERMETIC_MLS_COMPONENTS_H

#include "mls/group.h"

/* Components of the draft itself (section 7.5), whose data is a list of ids, a vector
 * of big-endian uint16: in a leaf those that a client understands, in a GroupContext
 * those that all members have to. In a group with the second one, what stands beside a
 * message is a SafeAAD (4.9), which is encoded as a dictionary: empty
 * authenticated_data of ours becomes one without items. */
#define MLS_APP_COMPONENTS 1
#define MLS_SAFE_AAD 2

struct mls_component {
	uint16_t id; /* from 0x8000 on of private use */
	struct span data;
};

/* Appends the extension to a list of extensions. ERR_LOCAL_BUG: an id is not larger
 * than the one before it. */
MUST_CHECK enum err mls_dictionary_put(struct buf *extensions,
				       const struct mls_component *components,
				       size_t count);

/* The components of the dictionary in a list of extensions; empty where there is none.
 * Borrowed. ERR_PEER_MALFORMED: nobody verifies that of a leaf, a KeyPackage or a
 * GroupInfo. */
MUST_CHECK enum err mls_dictionary_read(struct span extensions,
					struct span *components);

/* The next one, taken off; false at the end. */
bool mls_component_next(struct span *components,
			struct mls_component *component);

#endif
