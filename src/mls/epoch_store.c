#include "mls/epoch_store.h"

static void put_sec(struct buf *out, const struct sec *s)
{
	buf_put_vec(out, sec_span(s));
}

static void read_sec(struct rd *r, struct sec *s)
{
	struct span bytes = rd_vec(r);
	enum err e = sec_set(s, bytes);

	if (e != ERR_OK)
		rd_fail(r, ERR_PEER_MALFORMED);
}

static struct sec *secret_at(struct mls_epoch_secrets *secrets, size_t i)
{
	struct sec *all[] = { &secrets->sender_data,
			      &secrets->encryption,
			      &secrets->exporter,
			      &secrets->external,
			      &secrets->confirmation_key,
			      &secrets->membership_key,
			      &secrets->resumption_psk,
			      &secrets->epoch_authenticator,
			      &secrets->init };

	return i < sizeof(all) / sizeof(*all) ? all[i] : NULL;
}

static void put_private(const struct treekem_private *private, struct buf *out)
{
	buf_put_u32(out, private->leaf);
	for (size_t i = 0; i < TREE_LEVELS_MAX; i++)
		put_sec(out, &private->keys[i]);
}

static void read_private(struct rd *r, struct treekem_private *private)
{
	private->leaf = rd_u32(r);
	for (size_t i = 0; i < TREE_LEVELS_MAX; i++)
		read_sec(r, &private->keys[i]);
}

void epoch_save_proposals(const struct mls_epoch *epoch, struct buf *out)
{
	buf_put_u32(out, (uint32_t)epoch->proposal_count);
	for (size_t i = 0; i < epoch->proposal_count; i++) {
		const struct epoch_proposal *kept = &epoch->proposals[i];

		buf_put_u8(out, kept->sender.type);
		buf_put_u32(out, kept->sender.index);
		buf_put_vec(out, buf_span(&kept->ref));
		buf_put_vec(out, buf_span(&kept->encoded));
		put_sec(out, &kept->private_key);
	}
}

enum err epoch_load_proposals(struct rd *r, struct mls_epoch *epoch)
{
	struct sec private_key = { .n = 0 };
	enum err e = ERR_OK;

	for (uint32_t count = rd_u32(r); count > 0; count--) {
		struct wire_sender sender = { .type = rd_u8(r) };
		struct span ref, encoded;
		struct wire_proposal proposal;

		sender.index = rd_u32(r);
		ref = rd_vec(r);
		encoded = rd_vec(r);
		read_sec(r, &private_key);
		TRY(r->fail);
		TRY(wire_proposal_decode(encoded, &proposal));
		TRY(epoch_keep_proposal(epoch, ref, encoded, sender,
					&private_key));
	}
out:
	sec_clear(&private_key);
	return e;
}

void epoch_save_head(const struct mls_epoch *epoch, struct buf *out)
{
	size_t nh = epoch->suite->nh;

	buf_put_vec(out, buf_span(&epoch->encoded_context));
	buf_put(out, span_of(epoch->interim, nh));
	buf_put(out, span_of(epoch->confirmation_tag, nh));
}

enum err epoch_load_head(struct rd *r, struct mls_epoch *epoch)
{
	const struct suite *suite = epoch->suite;
	struct wire_group_context context;
	enum err e;

	TRY(wire_group_context_decode(rd_vec(r), &context));
	ENSURE(context.cipher_suite == suite->id, ERR_PEER_MALFORMED);
	TRY(epoch_set_context(epoch, &context));
	rd_copy(r, epoch->interim, suite->nh);
	rd_copy(r, epoch->confirmation_tag, suite->nh);
	TRY(r->fail);
out:
	return e;
}

void epoch_save_secrets(const struct mls_epoch *epoch, struct buf *out)
{
	struct mls_epoch_secrets secrets = epoch->secrets;

	put_private(&epoch->private, out);
	for (size_t i = 0; secret_at(&secrets, i) != NULL; i++)
		put_sec(out, secret_at(&secrets, i));
	sec_wipe(&secrets, sizeof(secrets));
}

void epoch_load_secrets(struct rd *r, struct mls_epoch *epoch)
{
	read_private(r, &epoch->private);
	for (size_t i = 0; secret_at(&epoch->secrets, i) != NULL; i++)
		read_sec(r, secret_at(&epoch->secrets, i));
}

enum err epoch_check_loaded(const struct mls_epoch *epoch)
{
	/* Who has secrets has a leaf. */
	return epoch->secrets.init.n == 0 ||
		       tree_leaf(&epoch->tree, epoch->private.leaf) != NULL
		   ? ERR_OK
		   : ERR_PEER_MALFORMED;
}
