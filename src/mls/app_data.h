/* Data of the application's components in the GroupContext:
 * draft-ietf-mls-extensions-10, sections 4.6, 4.7, 4.9 and 5. */
#ifndef HERMETIC_MLS_APP_DATA_H
#define HERMETIC_MLS_APP_DATA_H

#include "mls/proposals.h"

/* The dictionary among a GroupContext's extensions decodes, if there is one. */
MUST_CHECK enum err app_data_check_group(struct span group_extensions);

/* A leaf says that it understands the components that the group requires. */
MUST_CHECK enum err app_data_check_leaf(const struct wire_leaf_node *leaf,
					struct span group_extensions);

/* Of a leaf of ours, which says what it understands: ERR_LOCAL_BUG. */
MUST_CHECK enum err app_data_check_own(const struct wire_leaf_node *leaf,
				       struct span leaf_extensions);

/* Whether a GroupContextExtensions proposal may put `next` in the place of `now`. */
MUST_CHECK enum err app_data_check_reset(struct span now, struct span next);

/* The AppDataUpdates of a list whose other proposals are applied to `change`. */
MUST_CHECK enum err app_data_apply(const struct proposal_list *list,
				   const struct mls_authentication *application,
				   struct epoch_change *change);

/* Where the group has the component safe_aad: what stands beside a message is a
 * SafeAAD, which is encoded like a dictionary. */
MUST_CHECK enum err app_data_check_aad(struct span group_extensions,
				       struct span authenticated_data);
/* Of a message of ours; nothing becomes a SafeAAD without items. ERR_LOCAL_BUG. */
MUST_CHECK enum err app_data_own_aad(struct span group_extensions,
				     struct span *authenticated_data);

#endif
