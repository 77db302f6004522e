/*
 * Roles as they count in a group. Where no user whose role is owner has a leaf,
 * the user of the admin's leaf with the lowest index is owner, or else the user
 * of the lowest leaf: so a session whose owner is gone can be governed. They
 * are computed from the group before each commit.
 */
#ifndef HERMETIC_CHECK_RIGHTS_H
#define HERMETIC_CHECK_RIGHTS_H

#include "check/view.h"
#include "wire/roles.h"

/* The roles of the group, with roles->owner. Borrowed from the view.
 * ERR_PEER_MALFORMED: the extension does not decode. */
MUST_CHECK enum err rights_read(const struct check_view *view,
				struct roles *roles);

/*
 * What a commit that removes these leaves may make of the roles, whoever sends
 * it: an owner who departed with an heir, and whose last leaf goes, is left out
 * and the heir is owner. Of two departures of one user the first one counts.
 * Appends the whole extension, as wire_extension_put() does; nothing when
 * nobody inherits.
 */
MUST_CHECK enum err rights_inherit(const struct check_view *view,
				   const uint32_t *removed, size_t count,
				   struct buf *extension);

#endif
