#include "mls/group_info.h"

#include <string.h>

#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/grease.h"
#include "mls/transcript.h"
#include "mls/tree_check.h"
#include "mls/welcome.h"

enum { MESSAGE_HEAD = 4 }; /* version and wire_format */

static enum err put_extensions(const struct mls_epoch *epoch, bool with_tree,
			       struct span more, struct buf *out)
{
	struct buf key = BUF_INIT, data = BUF_INIT;
	struct sec private_key = { .n = 0 };
	enum err e;

	TRY(key_schedule_external(epoch->suite,
				  sec_span(&epoch->secrets.external),
				  &private_key, &key));
	buf_put_vec(&data, buf_span(&key));
	wire_extension_put(out, WIRE_EXTENSION_EXTERNAL_PUB, buf_span(&data));
	/* 12.4.3: "GroupInfo object SHOULD include some random GREASE" */
	/* 13.5: "These values MUST only appear in the fields listed above" */
	wire_extension_put(out, grease_value((uint8_t)epoch->context.epoch),
			   SPAN_EMPTY);
	buf_put(out, more);
	if (with_tree) {
		buf_reset(&data);
		tree_encode(&epoch->tree, &data);
		TRY(buf_end(&data));
		wire_extension_put(out, WIRE_EXTENSION_RATCHET_TREE,
				   buf_span(&data));
	}
	TRY(buf_end(out));
out:
	sec_clear(&private_key);
	buf_clear(&key);
	buf_clear(&data);
	return e;
}

enum err group_info_make(const struct mls_epoch *epoch,
			 const struct sign_key *signer, bool with_tree,
			 struct span more, struct buf *group_info)
{
	struct buf extensions = BUF_INIT, fields = BUF_INIT;
	struct buf signature = BUF_INIT;
	struct wire_group_info info = {
		.context = epoch->context,
		.confirmation_tag =
		    span_of(epoch->confirmation_tag, epoch->suite->nh),
		.signer = epoch->private.leaf,
	};
	size_t start = group_info->n;
	enum err e;

	TRY(put_extensions(epoch, with_tree, more, &extensions));
	info.extensions = buf_span(&extensions);
	wire_group_info_put_unsigned(&fields, &info);
	TRY(buf_end(&fields));
	TRY(welcome_sign_group_info(signer, buf_span(&fields), &signature));
	buf_put(group_info, buf_span(&fields));
	buf_put_vec(group_info, buf_span(&signature));
	TRY(buf_end(group_info));
	ENSURE(group_info->n - start <= MLS_MESSAGE_MAX - MESSAGE_HEAD,
	       ERR_PEER_TOO_LARGE);
out:
	buf_clear(&extensions);
	buf_clear(&fields);
	buf_clear(&signature);
	return e;
}

enum err group_info_open(const struct mls_identity *me,
			 const struct wire_group_info *info, struct span tree,
			 struct mls_epoch **out)
{
	const struct suite *suite = me->suite;
	struct mls_epoch *epoch = NULL;
	const struct sign_key *key;
	struct span hash;
	enum err e;

	/* 12.4.3.1: "Verify that the cipher_suite in the GroupInfo matches" */
	ENSURE(info->context.version == WIRE_VERSION_MLS10 &&
		   info->context.cipher_suite == suite->id,
	       broken(ERR_PEER_UNSUPPORTED, MLS_RULE_WELCOME_CIPHER_SUITE));
	ENSURE(info->context.extensions.n <= MLS_EXTENSIONS_MAX &&
		   tree.n <= MLS_MESSAGE_MAX,
	       ERR_PEER_TOO_LARGE);
	if (tree.n == 0)
		/* 12.4.3.1: "the client MUST download the tree before" */
		/* 12.4.3: "in GroupInfo.extensions MUST be ignored" */
		/* 13.4: "processing a GroupInfo object MUST ignore" */
		ENSURE(wire_extensions_find(info->extensions,
					    WIRE_EXTENSION_RATCHET_TREE, &tree),
		       RULE(RATCHET_TREE_MISSING));
	TRY(epoch_new(suite, &epoch));
	TRY(tree_decode(&epoch->tree, suite, tree));
	/* 12.4.3.1: "Verify the signature on the GroupInfo object" */
	/* 12.4.3.1: "If the node is blank or if signature" */
	/* 12.4.3: "New members also MUST verify the signature" */
	TRY(RULED(GROUP_INFO_SIGNATURE,
		  tree_signature_key(&epoch->tree, info->signer, &key)));
	TRY(RULED(GROUP_INFO_SIGNATURE, welcome_verify_group_info(key, info)));
	/* 12.4.3.1: "Verify that the tree hash of the ratchet tree matches" */
	/* 12.4.3.3: "the client MUST verify that the root hash" */
	TRY(tree_hash_root(&epoch->tree, &hash));
	ENSURE(span_equal(hash, info->context.tree_hash), RULE(TREE_HASH));
	TRY(tree_index(&epoch->tree));
	TRY(app_data_check_group(info->context.extensions));
	TRY(tree_check(&epoch->tree, info->context.group_id,
		       info->context.extensions, me->runner));
	TRY(epoch_set_context(epoch, &info->context));
	ENSURE(info->confirmation_tag.n == suite->nh,
	       RULE(CONFIRMATION_TAG_LENGTH));
	memcpy(epoch->confirmation_tag, info->confirmation_tag.p, suite->nh);
	TRY(transcript_interim(suite, epoch->context.confirmed_transcript_hash,
			       info->confirmation_tag, epoch->interim));
	*out = epoch;
	epoch = NULL;
out:
	epoch_free(epoch);
	return e;
}
