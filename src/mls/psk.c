#include "mls/psk.h"
#include "mls/broken.h"

#include <stdlib.h>

void psk_store_clear(struct psk_store *store)
{
	for (size_t i = 0; i < store->count; i++) {
		buf_clear(&store->entries[i].id);
		buf_clear(&store->entries[i].psk);
	}
	free(store->entries);
	*store = (struct psk_store){ NULL, 0 };
}

static struct psk_entry *find(const struct psk_store *store, struct span id)
{
	for (size_t i = 0; i < store->count; i++)
		if (span_equal(buf_span(&store->entries[i].id), id))
			return &store->entries[i];
	return NULL;
}

enum err psk_store_put(struct psk_store *store, struct span id, struct span psk)
{
	struct psk_entry fresh = { BUF_INIT, BUF_INIT }, *entry, *grown;
	enum err e;

	buf_put(&fresh.id, id);
	buf_put(&fresh.psk, psk);
	TRY(buf_end(&fresh.id));
	TRY(buf_end(&fresh.psk));
	entry = find(store, id);
	if (entry == NULL) {
		grown = realloc(store->entries,
				(store->count + 1) * sizeof(*grown));
		ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
		store->entries = grown;
		entry = &grown[store->count++];
		*entry = (struct psk_entry){ BUF_INIT, BUF_INIT };
	}
	buf_clear(&entry->id);
	buf_clear(&entry->psk);
	*entry = fresh;
	return ERR_OK;
out:
	buf_clear(&fresh.id);
	buf_clear(&fresh.psk);
	return e;
}

enum err psk_store_put_all(struct psk_store *store,
			   const struct mls_identity *me)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < me->psk_count; i++)
		TRY(psk_store_put(store, me->psks[i].id, me->psks[i].psk));
out:
	return e;
}

void psk_store_save(const struct psk_store *store, struct buf *out)
{
	buf_put_u32(out, (uint32_t)store->count);
	for (size_t i = 0; i < store->count; i++) {
		buf_put_vec(out, buf_span(&store->entries[i].id));
		buf_put_vec(out, buf_span(&store->entries[i].psk));
	}
}

enum err psk_store_load(struct psk_store *store, struct rd *r)
{
	enum err e = ERR_OK;

	for (uint32_t count = rd_u32(r); count > 0; count--) {
		struct span id = rd_vec(r), psk = rd_vec(r);

		TRY(r->fail);
		TRY(psk_store_put(store, id, psk));
	}
out:
	if (e != ERR_OK)
		rd_fail(r, e);
	return e;
}

/* "For resumption PSKs, the PSK is defined as the resumption_psk of the group
 * and epoch specified in the PreSharedKeyID object." */
static enum err find_resumption(const struct psk_source *source,
				const struct wire_psk_id *id, struct span *psk)
{
	/* 11.2: "usage reinit MUST NOT be used in other contexts" */
	/* 11.3: "usage branch MUST NOT be used in other contexts" */
	/* 12.1.4: "as part of a reinitialization" */
	/* 12.1.4: "as part of a subgroup branching operation" */
	if (id->usage != source->usage)
		return RULE(PSK_USAGE); /* 12.1.4 */
	for (size_t i = 0; i < source->epoch_count; i++) {
		const struct mls_epoch *epoch = source->epochs[i];

		if (epoch != NULL && epoch->context.epoch == id->epoch &&
		    span_equal(epoch->context.group_id, id->group_id)) {
			*psk = sec_span(&epoch->secrets.resumption_psk);
			return psk->n > 0 ? ERR_OK : ERR_STATE_GONE;
		}
	}
	return ERR_STATE_GONE;
}

static enum err find_psk(const struct psk_source *source,
			 const struct wire_psk_id *id, struct span *psk)
{
	const struct psk_entry *entry;

	if (id->type == WIRE_PSK_RESUMPTION)
		return find_resumption(source, id, psk);
	/* 12.4.3.1: "not in possession of the corresponding PSK" */
	entry = find(source->external, id->psk_id);
	if (entry == NULL)
		return ERR_STATE_GONE;
	*psk = buf_span(&entry->psk);
	return ERR_OK;
}

enum err psk_secret_of(const struct suite *suite,
		       const struct psk_source *source,
		       const struct wire_psk_id *ids, size_t count,
		       struct sec *psk_secret, struct buf *encoded)
{
	struct mls_psk *psks = NULL;
	enum err e = ERR_OK;

	if (count == 0)
		return ERR_OK;
	psks = calloc(count, sizeof(*psks));
	ENSURE(psks != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < count; i++) {
		/* 12.1.4: "The psk_nonce is not of length KDF.Nh" */
		ENSURE(ids[i].nonce.n == suite->nh, RULE(PSK_NONCE));
		psks[i].id = ids[i].encoded;
		TRY(find_psk(source, &ids[i], &psks[i].psk));
		buf_put(encoded, ids[i].encoded);
	}
	TRY(buf_end(encoded));
	TRY(key_schedule_psk(suite, psks, count, psk_secret));
out:
	free(psks);
	return e;
}
