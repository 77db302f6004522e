/*
 * Large groups as this worker has followed them, so that not every commit reads a
 * whole tree: by session, and by the head of the log at the entry that led there,
 * which commits to all that the group has come from. What is kept here is a copy;
 * the database is asked each time which head counts (docs/adr/0044).
 */
#ifndef HERMETIC_SERVER_GROUPS_H
#define HERMETIC_SERVER_GROUPS_H

#include <stdint.h>

#include "check/walk.h"
#include "store/params.h"
#include "store/rows.h"

enum {
	/* Leaves of a tree, blank ones too, from which a group is large: it is kept
	 * in parts by the database, and as a walk here. */
	GROUPS_LARGE = 64,
	/* A whole GroupInfo is stored again after so many commits, or when these are
	 * so many times as long as it. */
	GROUPS_SINCE_MAX = 256,
	GROUPS_SINCE_TIMES = 4
};

/* A group at a place of its session's log: followed, or as the database has it. */
struct group {
	struct uuid session;
	bool placed;
	struct digest at;	 /* if `placed`: the head there */
	struct check_walk *walk; /* owned; it is there once `since` is empty */
	/* What the database has to follow it by, as check_group_now() reads it:
	 * `whole` is empty where the walk leads on from a place of before. */
	struct buf whole, since;
};

/* The session's group as it was kept here last, which is then the caller's alone;
 * there may be none. The caller ends with groups_keep() or groups_clear(). */
void groups_take(struct uuid session, struct group *group);

/* Appends the head of the group's place, or NULL: by that the database sees
 * whether it is known here. */
void groups_put_at(const struct group *group, struct params *params);

/* Of the first row: `known`, `group_info`, `since` and the head, `at` by name. What
 * was kept here is forgotten where nothing leads on from it. */
MUST_CHECK enum err groups_read(struct group *group, struct rows *rows,
				const char *at);

/* Follows it to its place; on a task, too. Wrong is what the database has. */
struct check_verdict groups_follow(struct group *group);

/* The group is so large that it is not judged on the event loop. */
bool groups_is_heavy(const struct group *group);

/* Keeps the walk for who comes next, if it is of a large group; clears `group` in
 * any case. */
void groups_keep(struct group *group);

void groups_clear(struct group *group);

#endif
