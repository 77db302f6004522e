/* Joining by Welcome (12.4.3.1). */
#include <stdlib.h>

#include "mls/broken.h"
#include "mls/group.h"
#include "mls/group_info.h"
#include "mls/group_internal.h"
#include "mls/label.h"
#include "mls/staged.h"
#include "mls/welcome.h"
#include "wire/message.h"

/* What a joiner has in hand. */
struct joining {
	const struct mls_group *from; /* NULL: not as a successor */
	enum wire_psk_usage usage;    /* reinit or branch: that of its PSK */
	uint64_t parent_epoch;
	const struct mls_identity *me;
	struct wire_key_package key_package;
	const struct mls_key_package_secrets *secrets;
	struct wire_welcome welcome;
	struct buf plaintext; /* of the GroupSecrets */
	struct wire_group_secrets group_secrets;
	struct psk_store psks;
	struct sec psk_secret;
	struct buf group_info;
};

/* 12.4.3.1: "verify that it is the only such PSK" */
static enum err note_usage(struct joining *j, const struct wire_psk_id *id)
{
	if (id->type != WIRE_PSK_RESUMPTION ||
	    id->usage == WIRE_PSK_APPLICATION)
		return ERR_OK;
	if (j->usage != WIRE_PSK_APPLICATION)
		return RULE(WELCOME_ONE_PARENT);
	j->usage = (enum wire_psk_usage)id->usage;
	j->parent_epoch = id->epoch;
	return ERR_OK;
}

/* "If a PreSharedKeyID is part of the GroupSecrets and the client is not in
 * possession of the corresponding PSK, return an error." */
static enum err find_psks(struct joining *j)
{
	const struct mls_epoch *epochs[GROUP_EPOCHS];
	struct psk_source source = { .external = &j->psks };
	struct span rest = j->group_secrets.psks;
	struct buf encoded = BUF_INIT;
	struct wire_psk_id *ids;
	size_t count = 0;
	enum err e;

	ids = calloc(j->group_secrets.psk_count + 1, sizeof(*ids));
	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	while (wire_psk_ids_next(&rest, &ids[count]))
		TRY(note_usage(j, &ids[count++]));
	if (j->from != NULL) {
		group_psk_source(j->from, epochs, &source);
		source.external = &j->psks;
	}
	source.usage = j->usage;
	TRY(psk_secret_of(j->me->suite, &source, ids, count, &j->psk_secret,
			  &encoded));
out:
	free(ids);
	buf_clear(&encoded);
	return e;
}

/* "Identify an entry in the secrets array where the new_member value
 * corresponds to one of this client's KeyPackages" */
static enum err open_secrets(struct joining *j)
{
	const struct suite *suite = j->me->suite;
	struct wire_encrypted_group_secrets entry;
	struct buf ref = BUF_INIT;
	enum err e;

	/* 12.4.3.1: "indicated in the KeyPackage does not match" */
	ENSURE(j->key_package.cipher_suite == suite->id &&
		   j->welcome.cipher_suite == suite->id,
	       RULE(WELCOME_CIPHER_SUITE));
	TRY(label_key_package_ref(suite, j->key_package.encoded, &ref));
	/* 12.4.3.1: "Identify an entry in the secrets array" */
	ENSURE(welcome_find(&j->welcome, buf_span(&ref), &entry),
	       RULE(WELCOME_NOT_FOR_US));
	TRY(welcome_open_secrets(
	    suite, &j->welcome, &entry, sec_span(&j->secrets->init_private),
	    j->key_package.init_key, &j->plaintext, &j->group_secrets));
	TRY(find_psks(j));
	TRY(welcome_open_group_info(suite, &j->welcome,
				    j->group_secrets.joiner_secret,
				    sec_span(&j->psk_secret), &j->group_info));
out:
	buf_clear(&ref);
	return e;
}

/* 12.4.3.1: "Identify a leaf whose LeafNode is identical" */
static enum err find_own_leaf(const struct joining *j, struct mls_epoch *epoch)
{
	uint32_t leaf = 0;

	for (; tree_next_member(&epoch->tree, leaf, &leaf); leaf++) {
		if (span_equal(tree_leaf(&epoch->tree, leaf)->node.encoded,
			       j->key_package.leaf_node.encoded)) {
			epoch->private.leaf = leaf;
			epoch->private.keys[0] = j->secrets->encryption_private;
			return ERR_OK;
		}
	}
	return RULE(WELCOME_OWN_LEAF);
}

static enum err enter(const struct joining *j,
		      const struct wire_group_info *info,
		      struct mls_epoch *epoch)
{
	const struct wire_group_secrets *secrets = &j->group_secrets;
	enum err e;

	TRY(find_own_leaf(j, epoch));
	if (secrets->has_path_secret)
		TRY(treekem_join(&epoch->tree, &epoch->private, info->signer,
				 secrets->path_secret));
	TRY(key_schedule_epoch(
	    j->me->suite, secrets->joiner_secret, sec_span(&j->psk_secret),
	    buf_span(&epoch->encoded_context), NULL, &epoch->secrets));
	/* 12.4.3.1: "Verify the confirmation tag in the GroupInfo" */
	TRY(epoch_start(epoch, &info->confirmation_tag));
out:
	return e;
}

/* The parent's epoch that the PSK was of. */
static enum err check_parent(const struct joining *j,
			     const struct mls_epoch *epoch)
{
	const struct mls_epoch *epochs[GROUP_EPOCHS];
	struct psk_source source;

	/* As a successor if and only if it was asked for. */
	if ((j->from == NULL) != (j->usage == WIRE_PSK_APPLICATION))
		return RULE(WELCOME_PARENT);
	if (j->from == NULL)
		return ERR_OK;
	group_psk_source(j->from, epochs, &source);
	for (size_t i = 0; i < GROUP_EPOCHS; i++)
		if (epochs[i] != NULL &&
		    epochs[i]->context.epoch == j->parent_epoch)
			return group_check_successor(epochs[i], j->usage, j->me,
						     epoch);
	return ERR_STATE_GONE;
}

static enum err join(struct joining *j, struct span welcome, struct span tree,
		     struct span key_package, struct mls_group **group)
{
	struct mls_epoch *epoch = NULL;
	struct mls_group *joined = NULL;
	struct wire_message message;
	struct wire_group_info info;
	enum err e;

	if (j->me->refusal != NULL)
		*j->me->refusal = NULL;
	TRY(group_decode(welcome, &message));
	ENSURE(message.format == WIRE_WELCOME, ERR_PEER_MALFORMED);
	j->welcome = message.welcome;
	TRY(wire_key_package_decode(key_package, &j->key_package));
	TRY(psk_store_put_all(&j->psks, j->me));
	TRY(open_secrets(j));
	TRY(wire_group_info_decode(buf_span(&j->group_info), &info));
	TRY(group_info_open(j->me, &info, tree, &epoch));
	TRY(enter(j, &info, epoch));
	TRY(check_parent(j, epoch));
	TRY(group_new(epoch, &joined));
	epoch = NULL;
	joined->adder = info.signer;
	buf_put(&joined->welcome_extensions, info.extensions);
	TRY(buf_end(&joined->welcome_extensions));
	joined->psks = j->psks;
	j->psks = (struct psk_store){ NULL, 0 };
	mls_group_authenticate(joined, j->me->authentication);
	TRY(staged_check_group(joined, info.signer, j->me->refusal));
	*group = joined;
	joined = NULL;
out:
	epoch_free(epoch);
	mls_group_free(joined);
	buf_clear(&j->plaintext);
	buf_clear(&j->group_info);
	psk_store_clear(&j->psks);
	sec_clear(&j->psk_secret);
	return e;
}

enum err mls_group_join(const struct mls_identity *me, struct span welcome,
			struct span tree, struct span key_package,
			const struct mls_key_package_secrets *secrets,
			struct mls_group **group)
{
	struct joining j = { .me = me,
			     .secrets = secrets,
			     .usage = WIRE_PSK_APPLICATION };

	return rules_settle(join(&j, welcome, tree, key_package, group),
			    me->broken);
}

enum err mls_group_join_successor(const struct mls_group *from,
				  const struct mls_identity *me,
				  struct span welcome, struct span tree,
				  struct span key_package,
				  const struct mls_key_package_secrets *secrets,
				  struct mls_group **group)
{
	/* 12.4.2: "it MUST wait for a Welcome message from the committer" */
	struct joining j = { .from = from,
			     .me = me,
			     .secrets = secrets,
			     .usage = WIRE_PSK_APPLICATION };

	return rules_settle(join(&j, welcome, tree, key_package, group),
			    me->broken);
}
