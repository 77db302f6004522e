#include "mls/group.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/framing.h"
#include "mls/group_info.h"
#include "mls/group_internal.h"
#include "mls/key_package.h"
#include "mls/leaf.h"
#include "mls/signer.h"
#include "mls/staged.h"

enum err group_new(struct mls_epoch *now, struct mls_group **out)
{
	struct mls_group *group = calloc(1, sizeof(*group));

	*out = group;
	if (group == NULL)
		return ERR_LOCAL_MEMORY;
	group->now = now;
	group->past_limit = GROUP_PAST_EPOCHS;
	group->adder = UINT32_MAX;
	return ERR_OK;
}

void mls_group_free(struct mls_group *group)
{
	if (group == NULL)
		return;
	epoch_free(group->now);
	epoch_free(group->staged);
	for (size_t i = 0; i < GROUP_PAST_EPOCHS; i++)
		epoch_free(group->past[i]);
	staged_story_clear(&group->story);
	free(group->stored.ids);
	sign_key_free(group->signer);
	psk_store_clear(&group->psks);
	buf_clear(&group->welcome_extensions);
	sec_wipe(group, sizeof(*group));
	free(group);
}

void mls_group_authenticate(struct mls_group *group,
			    const struct mls_authentication *authentication)
{
	group->authentication =
	    authentication != NULL
		? *authentication
		: (struct mls_authentication){ .check = NULL };
}

enum err group_ready(const struct mls_group *group)
{
	return group->removed || group->now->secrets.init.n == 0
		   ? ERR_STATE_GONE
		   : ERR_OK;
}

enum err group_may_send(const struct mls_group *group)
{
	/* 12.4.2: "MUST NOT use the group to send messages anymore" */
	return group->now->reinit.n > 0 ? ERR_STATE_GONE : group_ready(group);
}

void group_psk_source(const struct mls_group *group,
		      const struct mls_epoch *epochs[GROUP_EPOCHS],
		      struct psk_source *source)
{
	epochs[0] = group->now;
	for (size_t i = 0; i < GROUP_PAST_EPOCHS; i++)
		epochs[i + 1] = group->past[i];
	*source = (struct psk_source){ &group->psks, epochs, GROUP_EPOCHS,
				       WIRE_PSK_APPLICATION };
}

enum err mls_group_add_psk(struct mls_group *group, struct span id,
			   struct span psk)
{
	return psk_store_put(&group->psks, id, psk);
}

enum err group_signer(struct mls_group *group, const struct mls_identity *me,
		      const struct sign_key **signer)
{
	const struct tree_leaf *leaf =
	    tree_leaf(&group->now->tree, group->now->private.leaf);
	enum err e = ERR_OK;

	ENSURE(me->suite == group->now->suite, ERR_LOCAL_BUG);
	ENSURE(leaf == NULL ||
		   span_equal(leaf->node.signature_key, me->signature_public),
	       ERR_LOCAL_BUG);
	if (me->signer == NULL && me->signature_parsed != NULL) {
		*signer = me->signature_parsed;
		return ERR_OK;
	}
	if (group->signer_bytes.n == 0 || me->signer != NULL ||
	    !sec_equal(sec_span(&group->signer_bytes), me->signature_private)) {
		struct sign_key *key = NULL;

		TRY(signer_of(me, &key));
		sign_key_free(group->signer);
		group->signer = key;
		sec_clear(&group->signer_bytes);
		if (me->signer == NULL)
			TRY(sec_set(&group->signer_bytes,
				    me->signature_private));
	}
	*signer = group->signer;
out:
	return e;
}

enum err group_decode(struct span bytes, struct wire_message *message)
{
	return bytes.n <= MLS_MESSAGE_MAX ? wire_message_decode(bytes, message)
					  : ERR_PEER_TOO_LARGE;
}

enum err group_hash(struct span message, uint8_t hash[GROUP_COMMIT_HASH])
{
	return hash_one(message, hash);
}

/* Section 11. */
static enum err create_epoch(const struct mls_identity *me,
			     struct span group_id, struct span extensions,
			     struct mls_epoch *epoch)
{
	struct sec epoch_secret = { .n = me->suite->nh };
	struct sign_key *signer = NULL;
	struct buf leaf = BUF_INIT;
	struct wire_group_context context = {
		.version = WIRE_VERSION_MLS10,
		.cipher_suite = me->suite->id,
		.group_id = group_id,
		.extensions = extensions,
	};
	enum err e;

	/* 11: "the creator of the group MUST take the following steps" */
	TRY(signer_of(me, &signer));
	TRY(key_package_leaf(me, signer, &epoch->private.keys[0], &leaf));
	TRY(tree_create(&epoch->tree, me->suite, buf_span(&leaf)));
	TRY(tree_index(&epoch->tree));
	epoch->private.leaf = 0;
	TRY(tree_hash_root(&epoch->tree, &context.tree_hash));
	ENSURE(extensions.n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
	TRY(wire_extensions_check(extensions));
	TRY(app_data_check_group(extensions));
	TRY(leaf_check_group(&tree_leaf(&epoch->tree, 0)->node, extensions));
	TRY(epoch_set_context(epoch, &context));
	TRY(rng_fill(me->rng, epoch_secret.b, epoch_secret.n));
	TRY(key_schedule_expand(me->suite, sec_span(&epoch_secret),
				&epoch->secrets));
	TRY(epoch_start(epoch, NULL));
out:
	sec_clear(&epoch_secret);
	sign_key_free(signer);
	buf_clear(&leaf);
	return e;
}

enum err mls_group_create(const struct mls_identity *me, struct span group_id,
			  struct span extensions, struct mls_group **group)
{
	struct mls_epoch *epoch = NULL;
	struct mls_group *made = NULL;
	enum err e;

	TRY(epoch_new(me->suite, &epoch));
	TRY(create_epoch(me, group_id, extensions, epoch));
	TRY(group_new(epoch, &made));
	epoch = NULL;
	mls_group_authenticate(made, me->authentication);
	TRY(psk_store_put_all(&made->psks, me));
	*group = made;
	made = NULL;
out:
	mls_group_free(made);
	epoch_free(epoch);
	return rules_settle(e, me->broken);
}

/* ---- what a member can ask ---- */

const struct suite *mls_group_suite(const struct mls_group *group)
{
	return group->now->suite;
}

struct span mls_group_id(const struct mls_group *group)
{
	return group->now->context.group_id;
}

enum mls_rule mls_group_last_rule(const struct mls_group *group)
{
	return group->broken;
}

const char *mls_group_last_refusal(const struct mls_group *group)
{
	return group->refusal;
}

uint64_t mls_group_epoch(const struct mls_group *group)
{
	return group->now->context.epoch;
}

uint32_t mls_group_own_leaf(const struct mls_group *group)
{
	return group->now->private.leaf;
}

uint32_t mls_group_adder(const struct mls_group *group)
{
	return group->adder;
}

struct span mls_group_welcome_extensions(const struct mls_group *group)
{
	return buf_span(&group->welcome_extensions);
}

struct span mls_group_extensions(const struct mls_group *group)
{
	return group->now->context.extensions;
}

struct span mls_group_context(const struct mls_group *group)
{
	return buf_span(&group->now->encoded_context);
}

struct span mls_group_confirmation_tag(const struct mls_group *group)
{
	return span_of(group->now->confirmation_tag, group->now->suite->nh);
}

struct span mls_group_epoch_authenticator(const struct mls_group *group)
{
	return sec_span(&group->now->secrets.epoch_authenticator);
}

bool mls_group_next_member(const struct mls_group *group, uint32_t *leaf,
			   struct mls_member *member)
{
	return staged_next_member(group->now, leaf, member);
}

bool mls_group_next_of(const struct mls_group *group, struct span user,
		       uint32_t *leaf, struct mls_member *member)
{
	return staged_next_of(group->now, user, leaf, member);
}

uint32_t mls_group_member_count(const struct mls_group *group)
{
	return group->now->tree.root->members;
}

uint32_t mls_group_width(const struct mls_group *group)
{
	return group->now->tree.leaves;
}

bool mls_group_all_list(const struct mls_group *group, uint16_t extension_type)
{
	return tree_all_list(&group->now->tree, extension_type);
}

static const struct mls_epoch *find_past(const struct mls_group *group,
					 uint64_t epoch)
{
	for (size_t i = 0; i < GROUP_PAST_EPOCHS; i++)
		if (group->past[i] != NULL &&
		    group->past[i]->context.epoch == epoch)
			return group->past[i];
	return NULL;
}

static enum err export_from(const struct mls_epoch *epoch, const char *label,
			    struct span context, size_t length, struct sec *out)
{
	return key_schedule_export(epoch->suite,
				   sec_span(&epoch->secrets.exporter), label,
				   context, length, out);
}

enum err mls_group_export(const struct mls_group *group, const char *label,
			  struct span context, size_t length, struct sec *out)
{
	enum err e;

	TRY(group_ready(group));
	TRY(export_from(group->now, label, context, length, out));
out:
	return e;
}

enum err mls_group_export_long(const struct mls_group *group, const char *label,
			       struct span context, size_t length,
			       struct buf *out)
{
	enum err e;

	TRY(group_ready(group));
	TRY(key_schedule_export_long(group->now->suite,
				     sec_span(&group->now->secrets.exporter),
				     label, context, length, out));
out:
	if (e != ERR_OK)
		buf_clear(out);
	return e;
}

enum err mls_group_export_past(const struct mls_group *group, uint64_t epoch,
			       const char *label, struct span context,
			       size_t length, struct sec *out)
{
	const struct mls_epoch *past = find_past(group, epoch);

	return past == NULL ? ERR_STATE_GONE
			    : export_from(past, label, context, length, out);
}

static enum err put_info(const struct mls_epoch *epoch,
			 const struct mls_identity *me, bool with_tree,
			 struct buf *group_info)
{
	const struct tree_leaf *leaf =
	    tree_leaf(&epoch->tree, epoch->private.leaf);
	struct sign_key *signer = NULL;
	enum err e;

	ENSURE(me->suite == epoch->suite && leaf != NULL &&
		   span_equal(leaf->node.signature_key, me->signature_public),
	       ERR_LOCAL_BUG);
	TRY(signer_of(me, &signer));
	wire_message_put_header(group_info, WIRE_GROUP_INFO);
	TRY(group_info_make(epoch, signer, with_tree, SPAN_EMPTY, group_info));
out:
	if (e != ERR_OK)
		buf_clear(group_info);
	sign_key_free(signer);
	return e;
}

enum err mls_group_info(const struct mls_group *group,
			const struct mls_identity *me, bool with_tree,
			struct buf *group_info)
{
	enum err e;

	TRY(group_ready(group));
	TRY(put_info(group->now, me, with_tree, group_info));
out:
	return e;
}

enum err mls_group_info_staged(const struct mls_group *group,
			       const struct mls_identity *me, bool with_tree,
			       struct buf *group_info)
{
	if (group->staged == NULL || !group->staged_own)
		return ERR_LOCAL_BUG;
	return put_info(group->staged, me, with_tree, group_info);
}

enum err mls_group_tree(const struct mls_group *group, struct buf *tree)
{
	size_t start = tree->n;
	enum err e;

	tree_encode(&group->now->tree, tree);
	TRY(buf_end(tree));
	ENSURE(tree->n - start <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
out:
	if (e != ERR_OK)
		buf_clear(tree);
	return e;
}

/* ---- application messages ---- */

/* Zero bytes after the body and signature<V>, up to the next multiple. */
static size_t padding_for(const struct mls_identity *me, size_t body,
			  size_t signature)
{
	size_t length = body + signature + (signature < 64 ? 1 : 2);

	return me->padding > 0
		   ? (me->padding - length % me->padding) % me->padding
		   : 0;
}

enum err mls_group_protect(struct mls_group *group,
			   const struct mls_identity *me,
			   struct span authenticated_data, struct span data,
			   struct buf *message)
{
	struct mls_epoch *now = group->now;
	struct buf body = BUF_INIT, signature = BUF_INIT;
	const struct sign_key *signer;
	struct wire_content content = {
		.group_id = now->context.group_id,
		.epoch = now->context.epoch,
		.sender = { WIRE_SENDER_MEMBER, now->private.leaf },
		.authenticated_data = authenticated_data,
		.type = WIRE_CONTENT_APPLICATION,
		.application_data = data,
	};
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };
	enum err e;

	TRY(group_may_send(group));
	/* 12.4: "MUST send a Commit message before sending application data" */
	ENSURE(now->proposal_count == 0, ERR_STATE_UNCOMMITTED);
	TRY(group_signer(group, me, &signer));
	TRY(app_data_own_aad(now->context.extensions,
			     &content.authenticated_data));
	ENSURE(data.n <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
	buf_put_vec(&body, data);
	TRY(buf_end(&body));
	content.body = buf_span(&body);
	TRY(framing_sign(signer, WIRE_PRIVATE_MESSAGE, &content,
			 buf_span(&now->encoded_context), &signature));
	auth.signature = buf_span(&signature);
	TRY(framing_protect_private(
	    now->suite, me->rng, &content, &auth,
	    sec_span(&now->secrets.sender_data), &now->messages,
	    padding_for(me, body.n, signature.n), NULL, message));
out:
	if (e != ERR_OK)
		buf_clear(message);
	buf_clear(&body);
	buf_clear(&signature);
	return e;
}

/* ---- staged changes ---- */

bool mls_group_has_pending(const struct mls_group *group)
{
	return group->staged != NULL || group->staged_removal;
}

static void push_past(struct mls_group *group, struct mls_epoch *epoch)
{
	size_t limit = group->past_limit;

	/* Without secrets, before an external join, there is nothing to read. */
	if (epoch->secrets.init.n == 0 || limit == 0) {
		epoch_free(epoch);
		return;
	}
	epoch_free(group->past[limit - 1]);
	memmove(group->past + 1, group->past,
		(limit - 1) * sizeof(struct mls_epoch *));
	epoch_retire(epoch);
	group->past[0] = epoch;
}

static void forget_beyond(struct mls_group *group, size_t count)
{
	for (size_t i = count; i < GROUP_PAST_EPOCHS; i++) {
		epoch_free(group->past[i]);
		group->past[i] = NULL;
	}
}

enum err mls_group_keep_past(struct mls_group *group, size_t count)
{
	if (count > GROUP_PAST_EPOCHS)
		return ERR_LOCAL_BUG;
	group->past_limit = (uint8_t)count;
	forget_beyond(group, count);
	return ERR_OK;
}

void mls_group_forget_past(struct mls_group *group)
{
	forget_beyond(group, 0);
}

/* Who was removed has no use for a key: what is taken from it later must open
 * nothing of what it could read as a member. */
/* 12.4.2: "SHOULD promptly delete its group state and secret tree" */
static void forget_keys(struct mls_group *group)
{
	mls_group_forget_past(group);
	epoch_retire(group->now);
	key_schedule_clear(&group->now->secrets);
	secret_tree_clear(&group->now->messages);
}

enum err mls_group_merge(struct mls_group *group)
{
	if (!mls_group_has_pending(group))
		return ERR_LOCAL_BUG;
	if (group->staged_removal) {
		group->removed = true;
		forget_keys(group);
	} else {
		push_past(group, group->now);
		group->now = group->staged;
		group->staged = NULL;
	}
	mls_group_discard(group);
	return ERR_OK;
}

void mls_group_discard(struct mls_group *group)
{
	epoch_free(group->staged);
	group->staged = NULL;
	group->staged_own = false;
	group->staged_removal = false;
	staged_story_clear(&group->story);
	memset(group->staged_commit, 0, sizeof(group->staged_commit));
}

void mls_event_clear(struct mls_event *event)
{
	buf_clear(&event->authenticated_data);
	buf_clear(&event->data);
	*event = (struct mls_event){ 0 };
}

void mls_commit_clear(struct mls_commit *commit)
{
	buf_clear(&commit->commit);
	buf_clear(&commit->welcome);
	buf_clear(&commit->group_info);
}

enum err mls_welcome_each_ref(struct span welcome,
			      bool (*each)(void *context, struct span ref),
			      void *context)
{
	struct wire_encrypted_group_secrets entry;
	struct wire_message message;
	struct span rest;
	enum err e;

	TRY(group_decode(welcome, &message));
	ENSURE(message.format == WIRE_WELCOME, ERR_PEER_MALFORMED);
	rest = message.welcome.secrets;
	while (wire_encrypted_group_secrets_next(&rest, &entry))
		if (!each(context, entry.new_member))
			break;
out:
	return e;
}
