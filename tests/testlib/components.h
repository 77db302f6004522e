/* An application with components that keep data in the GroupContext. */
#ifndef HERMETIC_TESTS_COMPONENTS_H
#define HERMETIC_TESTS_COMPONENTS_H

#include "mls/components.h"
#include "tests/testlib/members.h"

#define TOPIC 0x8001 /* grows by what is said */
#define ICON 0x8002  /* is what was said last */
#define OTHER 0x8003 /* nobody knows it */

/* What updates of TOPIC, ICON and the lists of components make of their data; it
 * denies an update "no". */
extern const struct mls_authentication components_hooks;

/* A leaf's extensions: a dictionary that lists TOPIC and ICON, and SafeAAD for TOPIC. */
struct span components_leaf(void);

/* Makes a member's client one of that application. */
void components_known(struct member *m);

/* A commit with these updates, borrowed. */
struct mls_change components_change(const struct mls_app_data *list,
				    size_t count);

#endif
