#include "server/commit_judgement.h"

#include "check/form.h"
#include "server/config.h"
#include "wire/extension.h"
#include "wire/message.h"

/* In parts where that writes less: a large group, and not too many commits since
 * the whole one that is stored. */
static bool is_stored_in_parts(const struct commit_judgement *j)
{
	return check_walk_width(j->group.walk) >= GROUPS_LARGE &&
	       j->since_count + 1 < GROUPS_SINCE_MAX &&
	       j->since_bytes + (int64_t)j->check.commit.n <=
		   GROUPS_SINCE_TIMES * j->whole_bytes;
}

/* What is stored of the next GroupInfo. A whole one whose tree does not stand last
 * has no part. The places of a group that has their root are known here: who commits does
 * not send them. */
static struct check_verdict choose_stored(struct commit_judgement *j)
{
	struct check_verdict verdict = { .wrong = NULL };
	struct wire_message message;

	j->info = j->check.after;
	j->part = j->check.part;
	if (j->part.n == 0 &&
	    wire_message_decode(j->info, &message) == ERR_OK &&
	    wire_group_info_part_of(&message.group_info, &j->made_part) ==
		ERR_OK)
		j->part = buf_span(&j->made_part);
	if (is_stored_in_parts(j))
		return verdict;
	if (j->check.part.n > 0)
		verdict = check_walk_put_info(j->group.walk, j->check.part,
					      &j->whole);
	else if (check_walk_is_rooted(j->group.walk))
		verdict = check_walk_keep_info(j->group.walk, j->check.after,
					       &j->whole);
	if (j->whole.n > 0)
		j->info = buf_span(&j->whole);
	j->part = SPAN_EMPTY;
	return verdict;
}

/* Bytes of the group's extensions but for the places, which commits have to say of
 * whoever came in. */
static size_t what_is_said(const struct commit_judgement *j)
{
	struct span places = SPAN_EMPTY;
	struct check_view view;

	check_walk_view(j->group.walk, &view);
	(void)wire_extensions_find(view.extensions, PLACES_EXTENSION, &places);
	return view.extensions.n - places.n;
}

/* Before a group gets so large that nobody could make a commit in it that is taken
 * here: in base64, with the rest of the body. It grows by members, and by what its
 * extensions say: whom it invites, who is banned, who has a role. */
static bool is_too_large(const struct commit_judgement *j,
			 const struct commit *commit)
{
	const struct check_walk *walk = j->group.walk;
	struct check_view view;

	check_walk_view(walk, &view);
	if (commit->added_count == 0 && !commit->external &&
	    what_is_said(j) <= j->said)
		return false;
	return check_form_longest(view.suite, check_walk_member_count(walk),
				  view.extensions.n) >
	       config()->body_bytes / 4 * 3;
}

void commit_judge(struct commit_judgement *j, const struct commit *commit,
		  const struct known_logs *known)
{
	struct check_view view;

	j->check.accounts = known->accounts;
	/* where the account's logs were lacking, it was followed before */
	if (j->group.whole.n + j->group.since.n > 0)
		j->verdict = groups_follow(&j->group);
	if (j->verdict.local)
		return;
	j->said = what_is_said(j);
	j->verdict = check_commit_step(&j->check, &j->group.walk);
	j->led = j->verdict.wrong == NULL;
	if (!j->led)
		return;
	check_walk_view(j->group.walk, &view);
	j->verdict.wrong =
	    commit_check_links(commit, known, &view, &j->verdict.local);
	if (j->verdict.wrong != NULL)
		return;
	j->too_large = is_too_large(j, commit);
	j->verdict = choose_stored(j);
}

void commit_judgement_end(struct commit_judgement *j)
{
	buf_clear(&j->whole);
	buf_clear(&j->made_part);
	if (j->led)
		groups_clear(&j->group);
	else
		groups_keep(&j->group);
}
