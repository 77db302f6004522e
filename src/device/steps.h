/* The steps of all orders. Their order is that of the table in work.c: of the
 * steps that are due the first one is taken. */
#ifndef HERMETIC_DEVICE_STEPS_H
#define HERMETIC_DEVICE_STEPS_H

#include "device/core.h"

/* stock.c: KeyPackages */
extern const struct step step_stock, step_publish;

/* found.c: a new session */
extern const struct step step_claim, step_found, step_create;

/* rejoin.c, welcome.c: coming in */
extern const struct step step_welcomes, step_take_welcome;
extern const struct step step_base, step_first_info, step_walk, step_info,
    step_join;

/* log.c: what the others did */
extern const struct step step_log;

/* plan.c: what was ordered becomes a todo */
extern const struct step step_name, step_plan, step_duty;

/* commit.c: a change of the group */
extern const struct step step_move_claim, step_stage, step_commit, step_leave;

/* post.c: what was said */
extern const struct step step_announce, step_seal, step_post;

#endif
