#include "session/approval.h"

#include "crypto/aead.h"
#include "crypto/hash.h"

#define KEY 32

static const struct suite *hash_suite(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

static const struct suite *seal_suite(void)
{
	return suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448);
}

static enum err key_for(const struct sec *code, const char *label,
			struct sec *key)
{
	struct sec prk = { 0 };
	enum err e;

	TRY(hash_extract(hash_suite(), SPAN_EMPTY, sec_span(code), &prk));
	TRY(hash_expand(hash_suite(), sec_span(&prk), span_str(label), KEY,
			key));
out:
	sec_clear(&prk);
	return e;
}

/* Of two parts, one after the other. */
static enum err make_mac(const struct sec *code, const char *label,
			 struct span part, struct span more,
			 uint8_t mac[APPROVAL_MAC])
{
	const struct span parts[] = { part, more };
	struct sec key = { 0 };
	enum err e;

	TRY(key_for(code, label, &key));
	TRY(hash_mac(hash_suite(), sec_span(&key), parts, 2, mac));
out:
	sec_clear(&key);
	return e;
}

static enum err check_mac(const struct sec *code, const char *label,
			  struct span part, struct span more, struct span mac)
{
	uint8_t expected[APPROVAL_MAC];
	enum err e;

	TRY(make_mac(code, label, part, more, expected));
	ENSURE(sec_equal(SPAN_ARRAY(expected), mac), ERR_PEER_CRYPTO);
out:
	sec_wipe(expected, sizeof(expected));
	return e;
}

#define REQUEST "hermetic approval request"
#define ANSWER "hermetic approval answer"
#define HANDOVER "hermetic approval handover"

/* Appends the mac of all that is there from `start` on. */
static enum err put_mac(const struct sec *code, const char *label,
			struct span more, size_t start, struct buf *out)
{
	uint8_t mac[APPROVAL_MAC];
	enum err e;

	TRY(out->fail);
	TRY(make_mac(code, label, span_of(out->p + start, out->n - start), more,
		     mac));
	buf_put(out, SPAN_ARRAY(mac));
	TRY(buf_end(out));
out:
	return e;
}

enum err approval_ask(const struct sec *code,
		      const struct approval_place *place, struct span entry,
		      struct buf *request)
{
	const struct approval_request made = { .place = *place,
					       .entry = entry };
	size_t start = request->n;

	approval_request_put(request, &made);
	return put_mac(code, REQUEST, SPAN_EMPTY, start, request);
}

enum err approval_check(const struct sec *code,
			const struct approval_request *request)
{
	return check_mac(code, REQUEST, request->signed_part, SPAN_EMPTY,
			 request->mac);
}

/* What the seal is bound to. */
static enum err put_bound(struct buf *b, const struct approval_place *place)
{
	const struct approval_answer bound = { .place = *place };

	approval_answer_put(b, &bound);
	return buf_end(b);
}

static enum err seal(const struct sec *code, const struct rng *rng,
		     const struct approval_place *place, struct span plain,
		     struct buf *sealed)
{
	uint8_t nonce[SUITE_NONCE];
	struct buf bound = BUF_INIT;
	struct sec key = { 0 };
	enum err e;

	TRY(key_for(code, HANDOVER, &key));
	TRY(put_bound(&bound, place));
	TRY(rng_fill(rng, nonce, sizeof(nonce)));
	buf_put(sealed, SPAN_ARRAY(nonce));
	TRY(aead_seal(seal_suite(), sec_span(&key), SPAN_ARRAY(nonce),
		      buf_span(&bound), plain, sealed));
	TRY(buf_end(sealed));
out:
	sec_clear(&key);
	buf_clear(&bound);
	return e;
}

enum err approval_grant(const struct sec *code, const struct rng *rng,
			const struct approval_place *place,
			struct span handover, struct span request,
			struct buf *answer)
{
	struct approval_answer made = { .place = *place };
	struct buf sealed = BUF_INIT;
	size_t start = answer->n;
	enum err e;

	TRY(seal(code, rng, place, handover, &sealed));
	made.handover = buf_span(&sealed);
	approval_answer_put(answer, &made);
	TRY(put_mac(code, ANSWER, request, start, answer));
out:
	buf_clear(&sealed);
	return e;
}

enum err approval_open(const struct sec *code,
		       const struct approval_answer *answer,
		       struct span request, struct buf *handover)
{
	struct span sealed = answer->handover;
	struct buf bound = BUF_INIT;
	struct sec key = { 0 };
	enum err e;

	TRY(check_mac(code, ANSWER, answer->signed_part, request, answer->mac));
	ENSURE(sealed.n >= SUITE_NONCE, ERR_PEER_CRYPTO);
	TRY(key_for(code, HANDOVER, &key));
	TRY(put_bound(&bound, &answer->place));
	TRY(aead_open(seal_suite(), sec_span(&key),
		      span_of(sealed.p, SUITE_NONCE), buf_span(&bound),
		      span_of(sealed.p + SUITE_NONCE, sealed.n - SUITE_NONCE),
		      handover));
out:
	sec_clear(&key);
	buf_clear(&bound);
	return e;
}
