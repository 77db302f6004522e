/* Runs an act (reach/act.h) to its end, by the account's connection. */
#ifndef HERMETIC_REACH_ACT_RUN_H
#define HERMETIC_REACH_ACT_RUN_H

#include "reach/account.h"
#include "reach/act.h"

/* With the reason in account->why. `value` may be NULL; *value is a new reference to what
 * the kind says, as far as it has come, or NULL. */
MUST_CHECK enum err act_run(struct account *a, const struct act_wish *wish,
			    json_t **value);

#endif
