/* What a member of the driver commits, and what it does with it. */
#include "crypto/sign.h"
#include "tests/interop/member.h"

#define ADDS_MAX 64

/* Another signature key and an extension, or NULL where none are asked for. */
enum err member_renews(struct member *m, const json_t *q,
		       const struct mls_identity **next)
{
	enum err e = ERR_OK;

	*next = NULL;
	if (!line_flag_at(q, "renew"))
		return ERR_OK;
	buf_clear(&m->next_public_key);
	TRY(sign_generate(m->me.suite, m->me.rng, &m->next_private_key,
			  &m->next_public_key));
	m->next = m->me;
	m->next.leaf_extensions =
	    span_of(RENEWED, m->me.proposal_type_count > 0 ? sizeof(RENEWED)
							   : OWN_EXTENSION);
	m->next.signature_private = sec_span(&m->next_private_key);
	m->next.signature_public = buf_span(&m->next_public_key);
	*next = &m->next;
out:
	return e;
}

/* After a merge: is it its turn? */
static void adopt(struct member *m)
{
	uint32_t leaf = mls_group_own_leaf(m->group);
	struct mls_member own;

	if (!mls_group_next_member(m->group, &leaf, &own) ||
	    !span_equal(own.signature_key, buf_span(&m->next_public_key)))
		return;
	buf_clear(&m->public_key);
	m->private_key = m->next_private_key;
	m->public_key = m->next_public_key;
	m->next_public_key = BUF_INIT;
	m->me = m->next;
	m->me.signature_private = sec_span(&m->private_key);
}

struct adds {
	struct buf bytes[ADDS_MAX];
	struct span spans[ADDS_MAX];
	size_t count;
};

static void read_adds(struct adds *adds, const json_t *q)
{
	const json_t *value;
	size_t i;

	adds->count = 0;
	json_array_foreach(json_object_get(q, "adds"), i, value)
	{
		adds->bytes[i] = line_bytes(value);
		adds->spans[i] = buf_span(&adds->bytes[i]);
		adds->count = i + 1;
	}
}

static void clear_adds(struct adds *adds)
{
	for (size_t i = 0; i < adds->count; i++)
		buf_clear(&adds->bytes[i]);
}

static void put_commit(json_t *answer, struct mls_commit *commit)
{
	line_put_bytes(answer, "commit", buf_span(&commit->commit));
	if (commit->welcome.n > 0)
		line_put_bytes(answer, "welcome", buf_span(&commit->welcome));
	mls_commit_clear(commit);
}

enum err member_commit(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct adds adds;
	uint32_t removes[ADDS_MAX];
	const json_t *list = json_object_get(q, "removes"), *value;
	struct buf psk = line_bytes_at(q, "psk");
	struct buf extensions = line_bytes_at(q, "extensions");
	struct buf group_id = line_bytes_at(q, "reinit"),
		   aad = line_bytes_at(q, "aad");
	struct buf data = line_bytes_at(q, "app_data");
	const struct mls_app_data app_data = { .component = COMPONENT,
					       .update = buf_span(&data) };
	struct span psk_span = buf_span(&psk);
	struct span extensions_span = buf_span(&extensions);
	const struct mls_reinit reinit = {
		.group_id = buf_span(&group_id),
		.cipher_suite = (uint16_t)line_number_at(q, "suite"),
		.extensions = mls_group_extensions(m->group),
	};
	struct mls_change change = {
		.adds = adds.spans,
		.removes = removes,
		.remove_count = json_array_size(list),
		.psks = &psk_span,
		.psk_count = psk.n > 0 ? 1 : 0,
		.extensions = extensions.n > 0 ? &extensions_span : NULL,
		.reinit = group_id.n > 0 ? &reinit : NULL,
		.app_data = &app_data,
		.app_data_count = data.n > 0,
		.authenticated_data = buf_span(&aad),
		.force_path = line_flag_at(q, "path"),
		.commit_pending_proposals = true,
		.private_handshake = line_flag_at(q, "private"),
	};
	uint64_t resumption = line_number_at(q, "resumption");
	struct mls_commit commit = { 0 };
	size_t i;
	enum err e;

	if (json_object_get(q, "resumption") != NULL) {
		change.resumptions = &resumption;
		change.resumption_count = 1;
	}
	json_array_foreach(list, i, value) removes[i] =
	    (uint32_t)json_integer_value(value);
	read_adds(&adds, q);
	change.add_count = adds.count;
	TRY(member_renews(m, q, &change.next));
	TRY(mls_group_commit(m->group, &m->me, &change, &commit));
	put_commit(answer, &commit);
out:
	clear_adds(&adds);
	buf_clear(&aad);
	buf_clear(&data);
	buf_clear(&psk);
	buf_clear(&extensions);
	buf_clear(&group_id);
	return e;
}

enum err member_merge(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	enum err e;

	(void)answer;
	TRY(mls_group_merge(m->group));
	adopt(m);
out:
	return e;
}

enum err member_discard(const json_t *q, json_t *answer)
{
	(void)answer;
	mls_group_discard(member_find(q)->group);
	return ERR_OK;
}

enum err member_join_external(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf group_info = line_bytes_at(q, "group_info");
	struct buf leaves = line_bytes_at(q, "leaves");
	struct span self_remove = buf_span(&leaves);
	struct mls_commit commit = { 0 };
	struct mls_group *group = NULL;
	const struct mls_external how = {
		.resync = line_flag_at(q, "resync"),
		.self_removes = &self_remove,
		.self_remove_count = leaves.n > 0,
	};
	enum err e = mls_group_join_external(&m->me, buf_span(&group_info),
					     &how, &group, &commit);

	if (e == ERR_OK) {
		mls_group_free(m->group);
		m->group = group;
		put_commit(answer, &commit);
	}
	buf_clear(&group_info);
	buf_clear(&leaves);
	return e;
}

/* A successor after a ReInit, or with `branch` a group beside this one. */
enum err member_successor(const json_t *q, json_t *answer)
{
	struct member *m = member_find(q);
	struct buf branch = line_bytes_at(q, "branch");
	struct mls_commit commit = { 0 };
	struct mls_group *group = NULL;
	struct adds adds;
	enum err e;

	read_adds(&adds, q);
	if (branch.n > 0)
		e = mls_group_branch(m->group, &m->me, buf_span(&branch),
				     mls_group_extensions(m->group), adds.spans,
				     adds.count, &group, &commit);
	else
		e = mls_group_reinit(m->group, &m->me, adds.spans, adds.count,
				     &group, &commit);
	TRY(e);
	mls_group_free(m->group);
	m->group = group;
	put_commit(answer, &commit);
out:
	clear_adds(&adds);
	buf_clear(&branch);
	return e;
}
