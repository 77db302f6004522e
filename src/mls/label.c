#include "mls/label.h"

#include "crypto/hash.h"

#define VERSION_LABEL "MLS 1.0 "

/* label<V>, with the prefix that every label but RefHash's gets. */
static void put_label(struct buf *b, const char *label)
{
	size_t vec = buf_open_vec(b);

	buf_put_str(b, VERSION_LABEL);
	buf_put_str(b, label);
	buf_close_vec(b, vec);
}

/* SignContent and EncryptContext have this one shape. */
static enum err labelled(const char *label, struct span content, struct buf *b)
{
	put_label(b, label);
	buf_put_vec(b, content);
	return buf_end(b);
}

enum err label_expand(const struct suite *suite, struct span secret,
		      const char *label, struct span context, size_t length,
		      struct sec *out)
{
	struct buf info = BUF_INIT; /* KDFLabel */
	struct sec expanded = { 0 };
	enum err e;

	ENSURE(length <= SEC_MAX, ERR_LOCAL_BUG);
	buf_put_u16(&info, (uint16_t)length);
	TRY(labelled(label, context, &info));
	TRY(hash_expand(suite, secret, buf_span(&info), length, &expanded));
out:
	/* In this order because `secret` may be in `out`. */
	if (e == ERR_OK)
		*out = expanded;
	else
		sec_clear(out);
	sec_clear(&expanded);
	buf_clear(&info);
	return e;
}

enum err label_expand_long(const struct suite *suite, struct span secret,
			   const char *label, struct span context,
			   size_t length, struct buf *out)
{
	struct buf info = BUF_INIT; /* KDFLabel */
	uint8_t *p;
	enum err e;

	ENSURE(length <= 255 * (size_t)suite->nh, ERR_LOCAL_BUG);
	buf_put_u16(&info, (uint16_t)length);
	TRY(labelled(label, context, &info));
	p = buf_reserve(out, length);
	ENSURE(p != NULL, out->fail);
	TRY(hash_expand_bytes(suite, secret, buf_span(&info), p, length));
	out->n += length;
out:
	buf_clear(&info);
	return e;
}

enum err label_derive(const struct suite *suite, struct span secret,
		      const char *label, struct sec *out)
{
	return label_expand(suite, secret, label, SPAN_EMPTY, suite->nh, out);
}

enum err label_derive_tree(const struct suite *suite, struct span secret,
			   const char *label, uint32_t generation,
			   size_t length, struct sec *out)
{
	const uint8_t context[4] = {
		(uint8_t)(generation >> 24),
		(uint8_t)(generation >> 16),
		(uint8_t)(generation >> 8),
		(uint8_t)generation,
	};

	return label_expand(suite, secret, label, SPAN_ARRAY(context), length,
			    out);
}

enum err label_sign(const struct sign_key *private_key, const char *label,
		    struct span content, struct buf *signature)
{
	struct buf signed_content = BUF_INIT;
	enum err e;

	TRY(labelled(label, content, &signed_content));
	TRY(sign_sign(private_key, buf_span(&signed_content), signature));
out:
	buf_clear(&signed_content);
	return e;
}

enum err label_verify(const struct sign_key *public_key, const char *label,
		      struct span content, struct span signature)
{
	struct buf signed_content = BUF_INIT;
	enum err e;

	TRY(labelled(label, content, &signed_content));
	TRY(sign_verify(public_key, buf_span(&signed_content), signature));
out:
	buf_clear(&signed_content);
	return e;
}

enum err label_encryption(const struct suite *suite, const char *label,
			  struct span context, struct hpke_info *info)
{
	struct buf encrypt_context = BUF_INIT;
	enum err e;

	TRY(labelled(label, context, &encrypt_context));
	TRY(hpke_info(suite, buf_span(&encrypt_context), info));
out:
	buf_clear(&encrypt_context);
	return e;
}

enum err label_encrypt(const struct suite *suite, const struct rng *rng,
		       struct span public_key, const char *label,
		       struct span context, struct span plaintext,
		       struct buf *kem_output, struct buf *ciphertext)
{
	struct buf info = BUF_INIT;
	enum err e;

	TRY(labelled(label, context, &info));
	TRY(hpke_seal(suite, rng, public_key, buf_span(&info), SPAN_EMPTY,
		      plaintext, kem_output, ciphertext));
out:
	buf_clear(&info);
	return e;
}

enum err label_decrypt(const struct suite *suite, struct span private_key,
		       struct span public_key, const char *label,
		       struct span context, struct span kem_output,
		       struct span ciphertext, struct buf *plaintext)
{
	struct buf info = BUF_INIT;
	enum err e;

	TRY(labelled(label, context, &info));
	TRY(hpke_open(suite, kem_output, private_key, public_key,
		      buf_span(&info), SPAN_EMPTY, ciphertext, plaintext));
out:
	buf_clear(&info);
	return e;
}

enum err label_ref_hash(const struct suite *suite, const char *label,
			struct span value, struct buf *ref)
{
	struct buf input = BUF_INIT; /* RefHashInput */
	uint8_t digest[SUITE_HASH_MAX];
	struct span part;
	enum err e;

	buf_put_vec(&input, span_str(label));
	buf_put_vec(&input, value);
	TRY(buf_end(&input));
	part = buf_span(&input);
	TRY(hash_digest(suite, &part, 1, digest));
	buf_put(ref, span_of(digest, suite->nh));
	TRY(buf_end(ref));
out:
	buf_clear(&input);
	return e;
}

enum err label_key_package_ref(const struct suite *suite,
			       struct span key_package, struct buf *ref)
{
	return label_ref_hash(suite, VERSION_LABEL "KeyPackage Reference",
			      key_package, ref);
}

enum err label_proposal_ref(const struct suite *suite,
			    struct span authenticated_content, struct buf *ref)
{
	return label_ref_hash(suite, VERSION_LABEL "Proposal Reference",
			      authenticated_content, ref);
}
