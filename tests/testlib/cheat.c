#include "cheat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"
#include "mls/framing.h"
#include "mls/group_internal.h"
#include "mls/key_package.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/proposals.h"
#include "mls/welcome.h"

static void ok(enum err e)
{
	assert_int_equal(e, ERR_OK);
}

static struct sign_key *signer_of(const struct member *m)
{
	struct sign_key *key = NULL;

	ok(sign_private_parse(m->me.suite, sec_span(&m->signature_private),
			      &key));
	return key;
}

static void spoil(struct buf *b)
{
	b->p[b->n - 1] ^= 1;
}

/* ---- KeyPackages and leaves ---- */

void cheat_key_package(struct member *m, const struct cheat_key_package *how)
{
	struct buf original = BUF_INIT, leaf = BUF_INIT, fields = BUF_INIT;
	struct buf signature = BUF_INIT;
	struct sign_key *signer = signer_of(m);
	struct wire_key_package kp;

	member_key_package(m);
	buf_put(&original, buf_span(&m->key_package));
	ok(wire_key_package_decode(buf_span(&original), &kp));
	if (how->package != NULL)
		how->package(&kp);
	if (how->leaf != NULL)
		how->leaf(&kp.leaf_node);
	ok(leaf_sign(signer, &kp.leaf_node, SPAN_EMPTY, 0, &leaf));
	if (how->bad_leaf_signature)
		spoil(&leaf);
	kp.leaf_node.encoded = buf_span(&leaf);
	wire_key_package_put_unsigned(&fields, &kp);
	ok(buf_end(&fields));
	ok(label_sign(signer, "KeyPackageTBS", buf_span(&fields), &signature));
	if (how->bad_signature)
		spoil(&signature);
	buf_reset(&m->key_package);
	buf_put(&m->key_package, buf_span(&fields));
	buf_put_vec(&m->key_package, buf_span(&signature));
	ok(buf_end(&m->key_package));
	buf_clear(&original);
	buf_clear(&leaf);
	buf_clear(&fields);
	buf_clear(&signature);
	sign_key_free(signer);
}

void cheat_update_leaf(const struct member *m, const struct member *by,
		       void (*edit)(struct wire_leaf_node *leaf),
		       bool bad_signature, struct buf *out)
{
	const struct mls_epoch *now = m->group->now;
	struct wire_leaf_node leaf =
	    tree_leaf(&now->tree, now->private.leaf)->node;
	struct sign_key *signer = signer_of(by != NULL ? by : m);
	struct buf key = BUF_INIT;
	struct sec private_key;

	ok(hpke_generate_key_pair(now->suite, m->me.rng, &private_key, &key));
	leaf.source = WIRE_LEAF_UPDATE;
	leaf.encryption_key = buf_span(&key);
	leaf.signature_key = m->me.signature_public;
	if (edit != NULL)
		edit(&leaf);
	ok(leaf_sign(signer, &leaf, now->context.group_id, now->private.leaf,
		     out));
	if (bad_signature)
		spoil(out);
	buf_clear(&key);
	sec_clear(&private_key);
	sign_key_free(signer);
}

/* ---- proposals ---- */

struct cheat_item cheat_add(struct span key_package)
{
	struct cheat_item item = { .proposal.type = WIRE_PROPOSAL_ADD };

	ok(wire_key_package_decode(key_package, &item.proposal.add));
	return item;
}

struct cheat_item cheat_update(struct span leaf)
{
	struct cheat_item item = { .proposal.type = WIRE_PROPOSAL_UPDATE };

	ok(wire_leaf_node_decode(leaf, &item.proposal.update));
	return item;
}

struct cheat_item cheat_remove(uint32_t leaf)
{
	struct cheat_item item = { .proposal.type = WIRE_PROPOSAL_REMOVE };

	item.proposal.removed = leaf;
	return item;
}

struct cheat_item cheat_extensions(struct span extensions)
{
	struct cheat_item item = { .proposal.type =
				       WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS };

	item.proposal.extensions = extensions;
	return item;
}

struct cheat_item cheat_psk(struct span id, struct span psk, struct span nonce)
{
	struct cheat_item item = { .proposal.type = WIRE_PROPOSAL_PSK,
				   .psk = psk };

	item.proposal.psk = (struct wire_psk_id){ .type = WIRE_PSK_EXTERNAL,
						  .psk_id = id,
						  .nonce = nonce };
	return item;
}

struct cheat_item cheat_reinit(const struct wire_reinit *reinit,
			       struct buf *bytes)
{
	struct cheat_item item = { .proposal.type = WIRE_PROPOSAL_REINIT };

	item.proposal.reinit = *reinit;
	buf_reset(bytes);
	wire_proposal_put(bytes, &item.proposal);
	ok(buf_end(bytes));
	item.proposal.encoded = buf_span(bytes);
	return item;
}

struct cheat_item cheat_external_init(const struct member *from,
				      struct buf *kem_output,
				      struct sec *init_secret)
{
	struct cheat_item item = { .proposal.type =
				       WIRE_PROPOSAL_EXTERNAL_INIT };
	const struct mls_epoch *now = from->group->now;
	struct sec private_key = { .n = 0 };
	struct buf key = BUF_INIT;

	buf_reset(kem_output);
	ok(key_schedule_external(now->suite, sec_span(&now->secrets.external),
				 &private_key, &key));
	ok(key_schedule_external_init(now->suite, from->me.rng, buf_span(&key),
				      kem_output, init_secret));
	item.proposal.kem_output = buf_span(kem_output);
	sec_clear(&private_key);
	buf_clear(&key);
	return item;
}

static void seal(const struct mls_epoch *epoch, struct wire_content *content,
		 struct wire_auth *auth, bool bad_membership_tag,
		 struct buf *message)
{
	ok(framing_protect_public(
	    epoch->suite, content, auth, buf_span(&epoch->encoded_context),
	    sec_span(&epoch->secrets.membership_key), message));
	if (bad_membership_tag)
		spoil(message);
}

void cheat_propose(const struct member *by, const struct mls_group *group,
		   struct wire_sender sender, uint64_t ahead,
		   const struct wire_proposal *proposal, struct buf *message,
		   struct buf *ref)
{
	const struct mls_epoch *now = group->now;
	struct buf body = BUF_INIT, signature = BUF_INIT, whole = BUF_INIT;
	struct sign_key *signer = signer_of(by);
	struct wire_content content = { .group_id = now->context.group_id,
					.epoch = now->context.epoch + ahead,
					.sender = sender,
					.type = WIRE_CONTENT_PROPOSAL };
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };

	wire_proposal_put(&body, proposal);
	ok(buf_end(&body));
	content.body = buf_span(&body);
	ok(framing_sign(signer, WIRE_PUBLIC_MESSAGE, &content,
			buf_span(&now->encoded_context), &signature));
	auth.signature = buf_span(&signature);
	buf_reset(message);
	seal(now, &content, &auth, false, message);
	if (ref != NULL) {
		framing_put_authenticated(&whole, WIRE_PUBLIC_MESSAGE, &content,
					  &auth);
		ok(buf_end(&whole));
		ok(label_proposal_ref(now->suite, buf_span(&whole), ref));
	}
	buf_clear(&body);
	buf_clear(&signature);
	buf_clear(&whole);
	sign_key_free(signer);
}

/* ---- commits ---- */

static void apply_adds(const struct cheat *how, struct epoch_change *change)
{
	change->added = calloc(how->count + 1, sizeof(*change->added));
	change->added_packages =
	    calloc(how->count + 1, sizeof(*change->added_packages));
	for (size_t i = 0; i < how->count; i++) {
		const struct wire_proposal *p = &how->items[i].proposal;

		if (p->type != WIRE_PROPOSAL_ADD)
			continue;
		ok(tree_add(&change->tree, p->add.leaf_node.encoded,
			    &change->added[change->added_count]));
		change->added_packages[change->added_count++] = p->add;
	}
}

static void apply_psks(const struct cheat *how, const struct suite *suite,
		       struct epoch_change *change)
{
	struct mls_psk *psks = calloc(how->count + 1, sizeof(*psks));
	struct buf encoded[8] = { BUF_INIT };
	size_t count = 0;

	for (size_t i = 0; i < how->count; i++) {
		const struct cheat_item *item = &how->items[i];

		if (item->proposal.type != WIRE_PROPOSAL_PSK)
			continue;
		wire_psk_id_put(&encoded[count], &item->proposal.psk);
		buf_put(&change->psk_ids, buf_span(&encoded[count]));
		psks[count] =
		    (struct mls_psk){ buf_span(&encoded[count]), item->psk };
		count++;
	}
	if (count > 0)
		ok(key_schedule_psk(suite, psks, count, &change->psk_secret));
	for (size_t i = 0; i < count; i++)
		buf_clear(&encoded[i]);
	free(psks);
}

/* 12.3 without a question asked. */
static void apply(const struct cheat *how, uint32_t committer,
		  struct epoch_change *change)
{
	for (size_t i = 0; i < how->count; i++) {
		const struct cheat_item *item = &how->items[i];
		uint32_t sender =
		    item->ref.n > 0 ? item->sender.index : committer;

		if (item->proposal.type ==
		    WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)
			change->extensions = item->proposal.extensions;
		if (item->proposal.type == WIRE_PROPOSAL_REINIT)
			change->reinit = item->proposal.encoded;
		if (item->proposal.type == WIRE_PROPOSAL_UPDATE)
			ok(tree_update(&change->tree, sender,
				       item->proposal.update.encoded));
	}
	for (size_t i = 0; i < how->count; i++) {
		const struct wire_proposal *p = &how->items[i].proposal;

		if (p->type == WIRE_PROPOSAL_REMOVE)
			(void)!tree_remove(&change->tree, p->removed);
		if (p->type == WIRE_PROPOSAL_SELF_REMOVE)
			(void)!tree_remove(&change->tree,
					   how->items[i].sender.index);
	}
	apply_adds(how, change);
}

static void put_proposals(const struct cheat *how, struct buf *commit)
{
	size_t vec = buf_open_vec(commit);

	for (size_t i = 0; i < how->count; i++) {
		const struct cheat_item *item = &how->items[i];
		struct wire_proposal_or_ref given = {
			.type =
			    item->ref.n > 0 ? WIRE_BY_REFERENCE : WIRE_BY_VALUE,
			.proposal = item->proposal,
			.reference = item->ref,
		};

		wire_proposal_or_ref_put(commit, &given);
	}
	buf_close_vec(commit, vec);
}

/* The path's public keys again, with the hook's changes, and the parent hash
 * that the leaf has of them. */
static void edit_keys(const struct cheat *how, uint32_t index,
		      struct tree *tree, struct treekem_update *update,
		      struct buf *parent_hash)
{
	struct span keys[TREE_LEVELS_MAX];

	how->keys(update);
	for (size_t i = 0; i < update->path.count; i++)
		keys[i] = buf_span(&update->public_keys[i]);
	ok(tree_set_path(tree, index, &update->path, keys, parent_hash));
}

/* The path's leaf again, with the hook's changes. */
static void edit_leaf(const struct cheat *how, struct span group_id,
		      uint32_t index, struct tree *tree,
		      struct treekem_update *update)
{
	struct sign_key *signer =
	    signer_of(how->leaf_by != NULL ? how->leaf_by : how->by);
	struct buf edited = BUF_INIT, parent_hash = BUF_INIT;
	struct wire_leaf_node leaf;

	ok(wire_leaf_node_decode(buf_span(&update->leaf_node), &leaf));
	if (how->keys != NULL) {
		edit_keys(how, index, tree, update, &parent_hash);
		leaf.parent_hash = buf_span(&parent_hash);
	}
	if (how->leaf != NULL)
		how->leaf(&leaf);
	ok(leaf_sign(signer, &leaf, group_id, index, &edited));
	if (how->bad_leaf_signature)
		spoil(&edited);
	buf_clear(&update->leaf_node);
	update->leaf_node = edited;
	ok(tree_set_leaf(tree, index, buf_span(&update->leaf_node)));
	buf_clear(&parent_hash);
	sign_key_free(signer);
}

static void put_path(const struct cheat *how, const struct mls_epoch *old,
		     const struct sign_key *signer, struct epoch_change *change,
		     struct treekem_update *update, struct buf *commit)
{
	const struct rng *rng = how->rng != NULL ? how->rng : how->by->me.rng;
	struct key_package_profile profile = { .lists = BUF_INIT };
	const struct wire_leaf_node *like = &profile.leaf;
	struct buf context = BUF_INIT, made = BUF_INIT;
	struct wire_update_path path;

	if (how->from != NULL)
		ok(key_package_profile(&how->by->me, false, &profile));
	else
		like = &tree_leaf(&old->tree, old->private.leaf)->node;
	ok(treekem_make(&change->tree, &change->private, rng, like, signer,
			old->context.group_id, update));
	edit_leaf(how, old->context.group_id, change->private.leaf,
		  &change->tree, update);
	if (how->secrets != NULL)
		how->secrets(update);
	ok(epoch_provisional_context(old, change, &context));
	ok(treekem_encrypt(
	    &change->tree, change->private.leaf, rng, update,
	    buf_span(&context),
	    (struct leaf_list){ change->added, change->added_count }, &made));
	change->commit_secret = update->commit_secret;
	if (how->path != NULL) {
		ok(wire_update_path_decode(buf_span(&made), &path));
		how->path(&path);
		wire_update_path_put(commit, &path);
	} else {
		buf_put(commit, buf_span(&made));
	}
	key_package_profile_clear(&profile);
	buf_clear(&context);
	buf_clear(&made);
}

/* Signs the commit and makes the epoch that it leads to. */
static void finish(const struct cheat *how, struct mls_epoch *old,
		   const struct sign_key *signer, struct wire_content *content,
		   struct cheated *out)
{
	enum wire_format format =
	    how->private_handshake ? WIRE_PRIVATE_MESSAGE : WIRE_PUBLIC_MESSAGE;
	struct buf signature = BUF_INIT;
	struct wire_auth auth;
	uint8_t tag[SUITE_HASH_MAX];

	ok(framing_sign(signer, format, content,
			buf_span(&old->encoded_context), &signature));
	if (how->bad_signature)
		spoil(&signature);
	auth.signature = buf_span(&signature);
	ok(epoch_next(old, &out->change, format, content, auth.signature,
		      &out->joiner, &out->next));
	ok(epoch_start(out->next, NULL));
	memcpy(tag, out->next->confirmation_tag, old->suite->nh);
	if (how->tag != NULL)
		how->tag(tag);
	auth.confirmation_tag = span_of(tag, old->suite->nh);
	if (how->private_handshake)
		ok(framing_protect_private(
		    old->suite, how->by->me.rng, content, &auth,
		    sec_span(&old->secrets.sender_data), &old->messages, 0,
		    NULL, &out->message));
	else
		seal(old, content, &auth, how->bad_membership_tag,
		     &out->message);
	buf_clear(&signature);
}

void cheat_commit(const struct cheat *how, struct cheated *out)
{
	bool external = how->from != NULL;
	struct mls_epoch *old = (external ? how->from : how->by)->group->now;
	struct epoch_change *change = &out->change;
	struct sign_key *signer = signer_of(how->by);
	struct wire_content content = { .group_id = old->context.group_id,
					.epoch =
					    old->context.epoch + how->ahead,
					.type = WIRE_CONTENT_COMMIT };
	struct buf commit = BUF_INIT;

	*out = (struct cheated){ .message = BUF_INIT };
	content.sender.type =
	    external ? WIRE_SENDER_NEW_MEMBER_COMMIT : WIRE_SENDER_MEMBER;
	content.sender.index = external ? 0 : old->private.leaf;
	if (how->sender != NULL)
		how->sender(&content.sender);
	ok(epoch_change_begin(old, change));
	apply(how, old->private.leaf, change);
	if (how->extensions.n > 0)
		change->extensions = how->extensions;
	apply_psks(how, old->suite, change);
	change->init_secret = how->init_secret;
	if (how->tree != NULL)
		how->tree(&change->tree);
	if (external) {
		treekem_private_clear(&change->private);
		ok(tree_free_leaf(&change->tree, &change->private.leaf));
	} else {
		treekem_private_prune(&change->private, &change->tree);
	}
	put_proposals(how, &commit);
	buf_put_u8(&commit, !how->no_path);
	if (!how->no_path)
		put_path(how, old, signer, change, &out->update, &commit);
	ok(buf_end(&commit));
	content.body = buf_span(&commit);
	finish(how, old, signer, &content, out);
	buf_clear(&commit);
	sign_key_free(signer);
}

void cheated_clear(struct cheated *made)
{
	buf_clear(&made->message);
	epoch_free(made->next);
	epoch_change_clear(&made->change);
	treekem_update_clear(&made->update);
	sec_clear(&made->joiner);
	*made = (struct cheated){ .message = BUF_INIT };
}

/* ---- Welcome and GroupInfo ---- */

static void put_extensions(const struct mls_epoch *epoch,
			   const struct cheat_info *how, struct buf *extensions)
{
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct sec private_key = { .n = 0 };

	ok(key_schedule_external(epoch->suite,
				 sec_span(&epoch->secrets.external),
				 &private_key, &key));
	buf_put_vec(&data, buf_span(&key));
	wire_extension_put(extensions, WIRE_EXTENSION_EXTERNAL_PUB,
			   buf_span(&data));
	buf_reset(&data);
	tree_encode(&epoch->tree, &data);
	ok(buf_end(&data));
	if (how->tree != NULL)
		how->tree(&data);
	wire_extension_put(extensions, WIRE_EXTENSION_RATCHET_TREE,
			   buf_span(&data));
	if (how->extensions != NULL)
		how->extensions(extensions);
	ok(buf_end(extensions));
	sec_clear(&private_key);
	buf_clear(&key);
	buf_clear(&data);
}

static void make_info(const struct member *by, const struct mls_epoch *epoch,
		      const struct cheat_info *how, struct buf *out)
{
	struct buf extensions = BUF_INIT, fields = BUF_INIT;
	struct buf signature = BUF_INIT;
	struct sign_key *signer = signer_of(by);
	struct wire_group_info info = {
		.context = epoch->context,
		.confirmation_tag =
		    span_of(epoch->confirmation_tag, epoch->suite->nh),
		.signer = epoch->private.leaf,
	};

	put_extensions(epoch, how, &extensions);
	info.extensions = buf_span(&extensions);
	if (how->info != NULL)
		how->info(&info);
	wire_group_info_put_unsigned(&fields, &info);
	ok(buf_end(&fields));
	ok(label_sign(signer, "GroupInfoTBS", buf_span(&fields), &signature));
	if (how->bad_signature)
		spoil(&signature);
	buf_put(out, buf_span(&fields));
	buf_put_vec(out, buf_span(&signature));
	ok(buf_end(out));
	buf_clear(&extensions);
	buf_clear(&fields);
	buf_clear(&signature);
	sign_key_free(signer);
}

void cheat_group_info(const struct member *by, const struct mls_epoch *epoch,
		      const struct cheat_info *how, struct buf *message)
{
	buf_reset(message);
	wire_message_put_header(message, WIRE_GROUP_INFO);
	make_info(by, epoch, how, message);
}

/* GroupSecrets and GroupInfo, sealed by 12.4.3.1. */
static void seal_welcome(const struct member *by, const struct cheated *made,
			 const struct wire_group_secrets *secrets,
			 struct span info, struct buf *message)
{
	const struct wire_key_package *to = &made->change.added_packages[0];
	struct buf ref = BUF_INIT;
	struct welcome_recipient recipient = {
		.init_key = to->init_key,
		.path_secret = secrets->has_path_secret ? secrets->path_secret
							: SPAN_EMPTY,
	};

	ok(label_key_package_ref(by->me.suite, to->encoded, &ref));
	recipient.key_package_ref = buf_span(&ref);
	ok(welcome_seal(by->me.suite, by->me.rng, &recipient, 1,
			secrets->joiner_secret, secrets->psks,
			sec_span(&made->change.psk_secret), info, message));
	buf_clear(&ref);
}

void cheat_welcome(const struct member *by, const struct cheated *made,
		   const struct cheat_info *how, struct buf *message)
{
	struct wire_group_secrets secrets = {
		.joiner_secret = sec_span(&made->joiner),
		.psks = buf_span(&made->change.psk_ids),
	};
	struct buf info = BUF_INIT;

	buf_reset(message);
	make_info(by, made->next, how, &info);
	if (made->update.leaf_node.n > 0)
		secrets.path_secret = treekem_path_secret_for(
		    &made->update, made->next->private.leaf,
		    made->change.added[0]);
	secrets.has_path_secret = secrets.path_secret.n > 0;
	if (how->secrets != NULL)
		how->secrets(&secrets);
	seal_welcome(by, made, &secrets, buf_span(&info), message);
	buf_clear(&info);
}
