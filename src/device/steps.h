/* The steps of all orders. Their order is that of the table in work.c: of the
 * steps that are due the first one is taken. */
#ifndef HERMETIC_DEVICE_STEPS_H
#define HERMETIC_DEVICE_STEPS_H

#include "device/core.h"

/* stock.c: KeyPackages */
extern const struct step stock_step_make, stock_step_publish;

/* own_steps.c: this account's log */
extern const struct step own_step_load, own_step_read, own_step_begin,
    own_step_renew, own_step_branch, own_step_post;

/* met_steps.c: another account's log */
extern const struct step met_step_begin, met_step_read;

/* accounts.c: logs of many accounts */
extern const struct step accounts_step_read;

/* apart.c: whether a departure stands in a log that cannot be judged */
extern const struct step apart_step_look;

/* found.c: a new session */
extern const struct step found_step_meet, found_step_claim, found_step_make,
    found_step_post;

/* welcome.c, rejoin.c, arrive.c: coming in */
extern const struct step welcome_step_use, welcome_step_tree,
    welcome_step_gather, welcome_step_tell;
extern const struct step rejoin_step_drop, rejoin_step_base, rejoin_step_first;
extern const struct step arrive_step_gather, rejoin_step_walk;
extern const struct step arrive_step_info, arrive_step_post;

/* log.c: what the others did */
extern const struct step log_step_read;

/* letters.c: who invites says so */
extern const struct step letters_step_ask, letters_step_judge,
    letters_step_write;

/* plan.c: what was ordered becomes a todo */
extern const struct step plan_step_oust, plan_step_replace, plan_step_name,
    plan_step_order, plan_step_duty, plan_step_departure;

/* move.c: before a move */
extern const struct step move_step_meet;

/* commit.c: a change of the group */
extern const struct step commit_step_claim, commit_step_stage, commit_step_pins,
    commit_step_post, commit_step_leave;

/* naming.c: the session's name */
extern const struct step naming_step_announce, naming_step_repeat,
    naming_step_drop;

/* receipts.c: how far this device is */
extern const struct step receipts_step_drop, receipts_step_make;

/* unwanted.c: files of what was taken back */
extern const struct step unwanted_step_drop;

/* post.c: what was said */
extern const struct step post_step_old, post_step_seal, post_step_item;

#endif
