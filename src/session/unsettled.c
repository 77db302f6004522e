#include "session/unsettled.h"

#include <stdlib.h>
#include <string.h>

#include "wire/log_view.h"
#include "wire/places.h"

void unsettled_clear(struct unsettled *set)
{
	free(set->list);
	*set = (struct unsettled){ .known = false };
}

static bool make_room(struct unsettled *set)
{
	size_t room = set->room == 0 ? 16 : 2 * set->room;
	void *grown;

	if (set->count < set->room)
		return true;
	if (set->count == UNSETTLED_MAX)
		return false;
	grown = realloc(set->list, room * sizeof(*set->list));
	if (grown == NULL)
		return false;
	set->list = grown;
	set->room = room;
	return true;
}

void unsettled_put(struct unsettled *set, struct span fingerprint)
{
	size_t at = set->count;

	if (!set->known)
		return;
	while (at > 0 &&
	       span_compare(SPAN_ARRAY(set->list[at - 1]), fingerprint) >= 0)
		at--;
	if (at < set->count &&
	    span_equal(SPAN_ARRAY(set->list[at]), fingerprint))
		return;
	if (fingerprint.n != ACCOUNT_HASH || !make_room(set)) {
		unsettled_clear(set);
		return;
	}
	memmove(&set->list[at + 1], &set->list[at],
		(set->count - at) * sizeof(*set->list));
	(void)span_copy(set->list[at], fingerprint);
	set->count++;
}

static void put_leaf(struct unsettled *set, const struct mls_member *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t device;

	if (places_read_leaf(leaf->identity, fingerprint, &device))
		unsettled_put(set, SPAN_ARRAY(fingerprint));
}

void unsettled_put_staged(struct unsettled *set,
			  const struct mls_staged *staged)
{
	struct log_view said;
	struct place place;

	put_leaf(set, &staged->committer.after);
	for (size_t i = 0; i < staged->proposal_count; i++)
		put_leaf(set, &staged->proposals[i].leaf.after);
	if (log_view_read_commit(staged->authenticated_data, &said) != ERR_OK) {
		unsettled_clear(set);
		return;
	}
	while (places_next(&said.changes, &place))
		unsettled_put(set, place.fingerprint);
}

void unsettled_save(const struct unsettled *set, struct buf *state)
{
	size_t vec;

	buf_put_u8(state, set->known);
	vec = buf_open_vec(state);
	for (size_t i = 0; i < set->count; i++)
		buf_put(state, SPAN_ARRAY(set->list[i]));
	buf_close_vec(state, vec);
}

enum err unsettled_load(struct unsettled *set, struct rd *r)
{
	bool known = rd_u8(r) == 1;
	struct span list = rd_vec(r);
	struct rd rest = rd_init(list);
	enum err e = ERR_OK;

	ENSURE(list.n % ACCOUNT_HASH == 0, ERR_PEER_MALFORMED);
	unsettled_clear(set);
	set->known = known;
	while (rd_left(&rest) > 0)
		unsettled_put(set, rd_take(&rest, ACCOUNT_HASH));
out:
	return e;
}
