#include "server/groups.h"

#include <string.h>

#include "check/commit.h"

/* Leaves of all that are kept together, about 800 bytes each; and how many. */
enum { WIDTH_MAX = 32768, KEPT_MAX = 64 };

enum { HERE_BYTES = 32768 }; /* of what is read: above, on a task */

/* The one that was used last stands last. */
static struct group kept[KEPT_MAX];
static size_t count;
static uint32_t width;

static void forget(size_t i, struct group *into)
{
	*into = kept[i];
	width -= check_walk_width(into->walk);
	count--;
	memmove(&kept[i], &kept[i + 1], (count - i) * sizeof(*kept));
}

void groups_take(struct uuid session, struct group *group)
{
	*group = (struct group){ .session = session };
	for (size_t i = 0; i < count; i++)
		if (uuid_equal(kept[i].session, session)) {
			forget(i, group);
			return;
		}
}

void groups_put_at(const struct group *group, struct params *params)
{
	if (group->walk != NULL)
		params_digest(params, group->at);
	else
		params_null(params);
}

enum err groups_read(struct group *group, struct rows *rows, const char *at)
{
	enum err e;

	if (!rows_bool(rows, 0, "known")) {
		groups_clear(group);
		buf_put(&group->whole, rows_bytes(rows, 0, "group_info"));
	}
	if (!rows_is_null(rows, 0, "since"))
		buf_put(&group->since, rows_bytes(rows, 0, "since"));
	group->at = rows_digest(rows, 0, at);
	group->placed = true;
	TRY(rows_end(rows));
	TRY(buf_end(&group->whole));
	TRY(buf_end(&group->since));
out:
	return e;
}

struct check_verdict groups_follow(struct group *group)
{
	struct check_verdict verdict = check_group_now(
	    buf_span(&group->whole), buf_span(&group->since), &group->walk);

	buf_reset(&group->whole);
	buf_reset(&group->since);
	verdict.local |= verdict.wrong != NULL;
	return verdict;
}

bool groups_is_heavy(const struct group *group)
{
	return group->walk != NULL ||
	       group->whole.n + group->since.n >= HERE_BYTES;
}

void groups_keep(struct group *group)
{
	struct group old;
	uint32_t more;

	if (group->walk == NULL || !group->placed || group->since.n > 0 ||
	    check_walk_width(group->walk) < GROUPS_LARGE ||
	    check_walk_width(group->walk) > WIDTH_MAX) {
		groups_clear(group);
		return;
	}
	check_walk_set_accounts(group->walk, NULL);
	groups_take(group->session, &old); /* another request was faster */
	groups_clear(&old);
	more = check_walk_width(group->walk);
	while (count == KEPT_MAX || width + more > WIDTH_MAX) {
		forget(0, &old);
		groups_clear(&old);
	}
	buf_clear(&group->whole);
	buf_clear(&group->since);
	kept[count++] = *group;
	width += more;
	group->walk = NULL;
}

void groups_clear(struct group *group)
{
	check_walk_free(group->walk);
	group->walk = NULL;
	group->placed = false;
	buf_clear(&group->whole);
	buf_clear(&group->since);
}
