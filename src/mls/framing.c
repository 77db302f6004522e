#include "mls/framing.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "mls/broken.h"
#include "mls/label.h"
#include "mls/limits.h"

void framing_put_content(struct buf *b, const struct wire_content *content)
{
	if (content->encoded.n > 0)
		buf_put(b, content->encoded);
	else
		wire_content_put(b, content);
}

void framing_put_authenticated(struct buf *b, enum wire_format format,
			       const struct wire_content *content,
			       const struct wire_auth *auth)
{
	buf_put_u16(b, (uint16_t)format);
	framing_put_content(b, content);
	wire_auth_put(b, content->type, auth);
}

/* FramedContentTBS (6.1): the context makes a member's signature good for one
 * epoch of one group. */
static void put_tbs(struct buf *b, enum wire_format format,
		    const struct wire_content *content, struct span context)
{
	buf_put_u16(b, WIRE_VERSION_MLS10);
	buf_put_u16(b, (uint16_t)format);
	framing_put_content(b, content);
	if (content->sender.type == WIRE_SENDER_MEMBER ||
	    content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT)
		buf_put(b, context);
}

enum err framing_sign(const struct sign_key *private_key,
		      enum wire_format format,
		      const struct wire_content *content, struct span context,
		      struct buf *signature)
{
	struct buf tbs = BUF_INIT;
	enum err e;

	put_tbs(&tbs, format, content, context);
	TRY(buf_end(&tbs));
	TRY(label_sign(private_key, "FramedContentTBS", buf_span(&tbs),
		       signature));
out:
	buf_clear(&tbs);
	return e;
}

enum err framing_verify(const struct sign_key *public_key,
			enum wire_format format,
			const struct wire_content *content,
			struct span signature, struct span context)
{
	struct buf tbs = BUF_INIT;
	enum err e;

	put_tbs(&tbs, format, content, context);
	TRY(buf_end(&tbs));
	TRY(label_verify(public_key, "FramedContentTBS", buf_span(&tbs),
			 signature));
out:
	buf_clear(&tbs);
	return e;
}

/* ---- PublicMessage (6.2) ---- */

/* MAC(membership_key, AuthenticatedContentTBM). */
static enum err membership_tag(const struct suite *suite,
			       const struct wire_content *content,
			       const struct wire_auth *auth,
			       struct span context, struct span membership_key,
			       uint8_t *tag)
{
	struct buf tbm = BUF_INIT;
	struct span part;
	enum err e;

	put_tbs(&tbm, WIRE_PUBLIC_MESSAGE, content, context);
	wire_auth_put(&tbm, content->type, auth);
	TRY(buf_end(&tbm));
	part = buf_span(&tbm);
	TRY(hash_mac(suite, membership_key, &part, 1, tag));
out:
	buf_clear(&tbm);
	return e;
}

enum err framing_protect_public(const struct suite *suite,
				const struct wire_content *content,
				const struct wire_auth *auth,
				struct span context, struct span membership_key,
				struct buf *message)
{
	struct wire_public_message m = { .content = *content, .auth = *auth };
	uint8_t tag[SUITE_HASH_MAX];
	size_t start = message->n;
	enum err e;

	/* "Applications MUST use PrivateMessage to encrypt application
	 * messages" (6). */
	ENSURE(content->type != WIRE_CONTENT_APPLICATION, ERR_LOCAL_BUG);
	if (content->sender.type == WIRE_SENDER_MEMBER) {
		TRY(membership_tag(suite, content, auth, context,
				   membership_key, tag));
		m.membership_tag = span_of(tag, suite->nh);
	}
	wire_message_put_header(message, WIRE_PUBLIC_MESSAGE);
	wire_public_message_put(message, &m);
	TRY(buf_end(message));
	ENSURE(message->n - start <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
out:
	return e;
}

enum err framing_check_public(const struct suite *suite,
			      const struct wire_public_message *m,
			      struct span context, struct span membership_key)
{
	uint8_t tag[SUITE_HASH_MAX];
	enum err e = ERR_OK;

	ENSURE(m->content.type != WIRE_CONTENT_APPLICATION,
	       RULE(APPLICATION_PUBLIC));
	if (m->content.sender.type != WIRE_SENDER_MEMBER)
		return ERR_OK;
	/* "the application MUST check membership_tag" (6.2) */
	TRY(membership_tag(suite, &m->content, &m->auth, context,
			   membership_key, tag));
	ENSURE(sec_equal(span_of(tag, suite->nh), m->membership_tag),
	       ERR_PEER_CRYPTO);
out:
	sec_wipe(tag, sizeof(tag));
	return e;
}

/* ---- PrivateMessage (6.3) ---- */

/* SenderDataAAD; PrivateContentAAD with authenticated_data. */
static void put_aad(struct buf *b, struct span group_id, uint64_t epoch,
		    uint8_t content_type)
{
	buf_put_vec(b, group_id);
	buf_put_u64(b, epoch);
	buf_put_u8(b, content_type);
}

/* "XOR it with the first four bytes of the nonce from the key schedule" */
static void guard_nonce(uint8_t nonce[SUITE_NONCE], const uint8_t guard[4])
{
	for (size_t i = 0; i < 4; i++)
		nonce[i] ^= guard[i];
}

static enum secret_tree_ratchet ratchet_of(uint8_t content_type)
{
	return content_type == WIRE_CONTENT_APPLICATION
		   ? SECRET_TREE_APPLICATION
		   : SECRET_TREE_HANDSHAKE;
}

static enum err seal_content(const struct suite *suite,
			     const struct wire_content *content,
			     const struct wire_auth *auth,
			     const struct secret_tree_key *key,
			     const uint8_t guard[4], size_t padding,
			     struct buf *ciphertext)
{
	struct buf plaintext = BUF_INIT; /* PrivateMessageContent */
	struct buf aad = BUF_INIT;
	uint8_t nonce[SUITE_NONCE];
	uint8_t *zeros;
	enum err e;

	buf_put(&plaintext, content->body);
	wire_auth_put(&plaintext, content->type, auth);
	zeros = buf_append(&plaintext, padding);
	if (zeros != NULL && padding > 0)
		memset(zeros, 0, padding);
	TRY(buf_end(&plaintext));
	put_aad(&aad, content->group_id, content->epoch, content->type);
	buf_put_vec(&aad, content->authenticated_data);
	TRY(buf_end(&aad));
	memcpy(nonce, key->nonce, sizeof(nonce));
	guard_nonce(nonce, guard);
	TRY(aead_seal(suite, span_of(key->key, suite->nk), SPAN_ARRAY(nonce),
		      buf_span(&aad), buf_span(&plaintext), ciphertext));
out:
	sec_wipe(nonce, sizeof(nonce));
	buf_clear(&plaintext);
	buf_clear(&aad);
	return e;
}

static enum err seal_sender(const struct suite *suite,
			    const struct wire_private_message *m,
			    struct span sender_data_secret,
			    const struct wire_sender_data *sender,
			    struct buf *out)
{
	struct buf plaintext = BUF_INIT;
	struct buf aad = BUF_INIT;
	struct sec key = { 0 };
	struct sec nonce = { 0 };
	enum err e;

	wire_sender_data_put(&plaintext, sender);
	TRY(buf_end(&plaintext));
	put_aad(&aad, m->group_id, m->epoch, m->content_type);
	TRY(buf_end(&aad));
	TRY(secret_tree_sender_data_key(suite, sender_data_secret,
					m->ciphertext, &key, &nonce));
	TRY(aead_seal(suite, sec_span(&key), sec_span(&nonce), buf_span(&aad),
		      buf_span(&plaintext), out));
out:
	sec_clear(&key);
	sec_clear(&nonce);
	buf_clear(&plaintext);
	buf_clear(&aad);
	return e;
}

enum err framing_protect_private(
    const struct suite *suite, const struct rng *rng,
    const struct wire_content *content, const struct wire_auth *auth,
    struct span sender_data_secret, struct secret_tree *tree, size_t padding,
    struct secret_tree_staged *staged, struct buf *message)
{
	struct secret_tree_staged taken = SECRET_TREE_STAGED_INIT;
	struct wire_sender_data sender = { content->sender.index, 0, { 0 } };
	struct wire_private_message m = {
		.group_id = content->group_id,
		.epoch = content->epoch,
		.content_type = content->type,
		.authenticated_data = content->authenticated_data,
	};
	struct buf ciphertext = BUF_INIT;
	struct buf sender_data = BUF_INIT;
	size_t start = message->n;
	enum err e;

	/* "the sender MUST verify Sender.sender_type is `member`" (6.3.2) */
	/* 12.1.8: "external proposal MUST be sent as a PublicMessage" */
	ENSURE(content->sender.type == WIRE_SENDER_MEMBER, ERR_LOCAL_BUG);
	TRY(secret_tree_next(tree, sender.leaf_index, ratchet_of(content->type),
			     &taken));
	sender.generation = taken.key.generation;
	/* "MUST generate a fresh random four-byte `reuse guard`" (6.3.1) */
	TRY(rng_fill(rng, sender.reuse_guard, sizeof(sender.reuse_guard)));
	TRY(seal_content(suite, content, auth, &taken.key, sender.reuse_guard,
			 padding, &ciphertext));
	m.ciphertext = buf_span(&ciphertext);
	TRY(seal_sender(suite, &m, sender_data_secret, &sender, &sender_data));
	m.encrypted_sender_data = buf_span(&sender_data);
	wire_message_put_header(message, WIRE_PRIVATE_MESSAGE);
	wire_private_message_put(message, &m);
	TRY(buf_end(message));
	ENSURE(message->n - start <= MLS_MESSAGE_MAX, ERR_PEER_TOO_LARGE);
	if (staged != NULL) {
		*staged = taken;
		taken = SECRET_TREE_STAGED_INIT;
	}
	secret_tree_confirm(&taken);
out:
	secret_tree_abandon(&taken);
	buf_clear(&ciphertext);
	buf_clear(&sender_data);
	return e;
}

enum err framing_open_sender(const struct suite *suite,
			     const struct wire_private_message *m,
			     struct span sender_data_secret,
			     struct wire_sender_data *sender)
{
	struct buf plaintext = BUF_INIT;
	struct buf aad = BUF_INIT;
	struct sec key = { 0 };
	struct sec nonce = { 0 };
	enum err e;

	put_aad(&aad, m->group_id, m->epoch, m->content_type);
	TRY(buf_end(&aad));
	TRY(secret_tree_sender_data_key(suite, sender_data_secret,
					m->ciphertext, &key, &nonce));
	TRY(aead_open(suite, sec_span(&key), sec_span(&nonce), buf_span(&aad),
		      m->encrypted_sender_data, &plaintext));
	TRY(wire_sender_data_decode(buf_span(&plaintext), sender));
out:
	sec_clear(&key);
	sec_clear(&nonce);
	buf_clear(&plaintext);
	buf_clear(&aad);
	return e;
}

static enum err open_content(const struct suite *suite,
			     const struct wire_private_message *m,
			     const struct secret_tree_key *key,
			     const uint8_t guard[4], struct buf *plaintext)
{
	struct buf aad = BUF_INIT;
	uint8_t nonce[SUITE_NONCE];
	enum err e;

	put_aad(&aad, m->group_id, m->epoch, m->content_type);
	buf_put_vec(&aad, m->authenticated_data);
	TRY(buf_end(&aad));
	memcpy(nonce, key->nonce, sizeof(nonce));
	guard_nonce(nonce, guard);
	TRY(aead_open(suite, span_of(key->key, suite->nk), SPAN_ARRAY(nonce),
		      buf_span(&aad), m->ciphertext, plaintext));
out:
	sec_wipe(nonce, sizeof(nonce));
	buf_clear(&aad);
	return e;
}

enum err framing_open_private(
    const struct suite *suite, const struct wire_private_message *m,
    const struct wire_sender_data *sender, const struct sign_key *public_key,
    struct span context, struct secret_tree *tree,
    struct secret_tree_staged *staged, struct buf *plaintext,
    struct wire_content *content, struct wire_auth *auth)
{
	struct secret_tree_staged taken = SECRET_TREE_STAGED_INIT;
	struct wire_content opened = {
		.group_id = m->group_id,
		.epoch = m->epoch,
		.sender = { WIRE_SENDER_MEMBER, sender->leaf_index },
		.authenticated_data = m->authenticated_data,
	};
	enum err e;

	TRY(RULED(GENERATION, secret_tree_take(tree, sender->leaf_index,
					       ratchet_of(m->content_type),
					       sender->generation, &taken)));
	TRY(open_content(suite, m, &taken.key, sender->reuse_guard, plaintext));
	TRY(wire_private_content_decode(buf_span(plaintext), m->content_type,
					&opened, auth));
	TRY(RULED(CONTENT_SIGNATURE,
		  framing_verify(public_key, WIRE_PRIVATE_MESSAGE, &opened,
				 auth->signature, context)));
	/* Only now: any member can make what passes the AEAD under another's
	 * key, and could so use up the other's generations. */
	if (staged != NULL) {
		*staged = taken;
		taken = SECRET_TREE_STAGED_INIT;
	}
	secret_tree_confirm(&taken);
	*content = opened;
out:
	secret_tree_abandon(&taken);
	if (e != ERR_OK) {
		buf_clear(plaintext);
		*auth = (struct wire_auth){ 0 };
	}
	return e;
}
