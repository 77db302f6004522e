#include "mls/committing.h"

#include "mls/pending.h"

/* type, usage, epoch and three lengths of a PreSharedKeyID, at most. */
enum { PSK_ID_HEAD = 22 };

void committing_clear(struct committing *m)
{
	proposal_list_clear(&m->list);
	buf_clear(&m->proposals);
	buf_clear(&m->parent_psk);
	buf_clear(&m->nonces);
	buf_clear(&m->psk_ids);
	buf_clear(&m->reinit);
	epoch_change_clear(&m->change);
	key_package_profile_clear(&m->profile);
	sign_key_free(m->next_signer);
	treekem_update_clear(&m->update);
	buf_clear(&m->signature);
	buf_clear(&m->content);
	sec_clear(&m->joiner);
	epoch_free(m->next);
}

enum err committing_put_value(struct committing *m,
			      const struct wire_proposal *p)
{
	struct proposal_item item = { *p, m->sender, false, NULL };
	struct wire_proposal_or_ref by_value = { .type = WIRE_BY_VALUE,
						 .proposal = *p };

	wire_proposal_or_ref_put(&m->proposals, &by_value);
	return proposal_list_add(&m->list, &item);
}

enum err committing_put_psk(struct committing *m, struct wire_psk_id *id,
			    struct buf *encoded, uint8_t *nonce)
{
	struct wire_proposal p = { .type = WIRE_PROPOSAL_PSK };
	size_t nh = m->old->suite->nh, start = encoded->n;
	enum err e;

	TRY(rng_fill(m->me->rng, nonce, nh));
	id->nonce = span_of(nonce, nh);
	wire_psk_id_put(encoded, id);
	TRY(encoded->fail);
	p.psk = *id;
	p.psk.encoded = span_of(encoded->p + start, encoded->n - start);
	TRY(committing_put_value(m, &p));
out:
	return e;
}

/* The encoded ids stay in m->psk_ids, which is large enough from the start:
 * the list borrows from it. */
static enum err put_psks(struct committing *m, const struct mls_change *change)
{
	size_t count = change->psk_count + change->resumption_count;
	size_t room = count * (m->old->suite->nh + PSK_ID_HEAD +
			       m->old->context.group_id.n);
	uint8_t *nonces;
	enum err e = ERR_OK;

	if (count == 0)
		return ERR_OK;
	for (size_t i = 0; i < change->psk_count; i++)
		room += change->psks[i].n;
	nonces = buf_append(&m->nonces, count * m->old->suite->nh);
	ENSURE(nonces != NULL && buf_reserve(&m->psk_ids, room) != NULL,
	       ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < change->psk_count; i++) {
		struct wire_psk_id id = { .type = WIRE_PSK_EXTERNAL,
					  .psk_id = change->psks[i] };

		TRY(committing_put_psk(m, &id, &m->psk_ids, nonces));
		nonces += m->old->suite->nh;
	}
	for (size_t i = 0; i < change->resumption_count; i++) {
		struct wire_psk_id id = { .type = WIRE_PSK_RESUMPTION,
					  .usage = WIRE_PSK_APPLICATION,
					  .group_id = m->old->context.group_id,
					  .epoch = change->resumptions[i] };

		TRY(committing_put_psk(m, &id, &m->psk_ids, nonces));
		nonces += m->old->suite->nh;
	}
out:
	return e;
}

/* A ReInit is alone in its list (12.2). */
static enum err put_reinit(struct committing *m,
			   const struct mls_reinit *reinit)
{
	struct wire_proposal p = { .type = WIRE_PROPOSAL_REINIT };
	enum err e;

	/* The members that wait to leave come first, by a commit of their own. */
	ENSURE(!pending_any_leaves(m->old, m->sender), ERR_STATE_UNCOMMITTED);
	TRY(proposal_check_listed(m->old, reinit));
	p.reinit =
	    (struct wire_reinit){ reinit->group_id, WIRE_VERSION_MLS10,
				  reinit->cipher_suite, reinit->extensions };
	TRY(wire_extensions_check(reinit->extensions));
	wire_proposal_put(&m->reinit, &p);
	TRY(buf_end(&m->reinit));
	p.encoded = buf_span(&m->reinit);
	TRY(committing_put_value(m, &p));
out:
	return e;
}

enum err committing_put_change(struct committing *m,
			       const struct mls_change *change)
{
	enum err e = ERR_OK;

	if (change->reinit != NULL)
		TRY(put_reinit(m, change->reinit));
	if (change->extensions != NULL) {
		struct wire_proposal p = {
			.type = WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS
		};

		TRY(wire_extensions_check(*change->extensions));
		p.extensions = *change->extensions;
		TRY(committing_put_value(m, &p));
	}
	TRY(put_psks(m, change));

	for (size_t i = 0; i < change->remove_count; i++) {
		struct wire_proposal p = { .type = WIRE_PROPOSAL_REMOVE };

		p.removed = change->removes[i];
		/* It goes by its own word: pending_gather(). */
		if (pending_self_remove(m->old, p.removed) != NULL &&
		    !proposal_is_member(m->sender, p.removed))
			continue;
		TRY(committing_put_value(m, &p));
	}
	for (size_t i = 0; i < change->add_count; i++) {
		struct wire_proposal p = { .type = WIRE_PROPOSAL_ADD };

		TRY(wire_key_package_decode(change->adds[i], &p.add));
		TRY(key_package_check_use(&p.add, m->me->now));
		TRY(committing_put_value(m, &p));
	}
	for (size_t i = 0; i < change->app_data_count; i++) {
		struct wire_proposal p = { .type =
					       WIRE_PROPOSAL_APP_DATA_UPDATE };

		p.app_data = app_data_update(&change->app_data[i]);
		TRY(committing_put_value(m, &p));
	}
	for (size_t i = 0; i < change->custom_count; i++) {
		struct wire_proposal p = { .type = change->customs[i].type };

		ENSURE(wire_proposal_is_private(p.type), ERR_LOCAL_BUG);
		p.data = change->customs[i].data;
		TRY(committing_put_value(m, &p));
	}
out:
	return e;
}

const struct sign_key *committing_leaf_signer(const struct committing *m)
{
	return m->next_signer != NULL ? m->next_signer : m->signer;
}
