#include "content/attachment.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

/* What stands before the id in a URL that is ours. */
#define SCHEME "hermetic:file/"

/* IANA's numbers of AEADs (RFC 5116), by HPKE's, which suites have. */
static const struct {
	uint16_t of_suite, aead;
} NUMBERS[] = { { 1, 1 },  /* AES-128-GCM */
		{ 2, 2 },  /* AES-256-GCM */
		{ 3, 29 }, /* ChaCha20-Poly1305 */
		/* private use in both */
		{ SUITE_X25519_TWOFISH256GCM_SHA256_ED25519,
		  SUITE_X25519_TWOFISH256GCM_SHA256_ED25519 } };

enum { NUMBER_COUNT = sizeof(NUMBERS) / sizeof(*NUMBERS) };

static uint16_t number_of(const struct suite *suite)
{
	for (size_t i = 0; i < NUMBER_COUNT; i++)
		if (NUMBERS[i].of_suite == suite->aead_id)
			return NUMBERS[i].aead;
	return 0;
}

const struct suite *attachment_suite(uint16_t aead)
{
	size_t count;
	const struct suite *table = suite_table(&count);

	for (size_t i = 0; i < count; i++)
		if (number_of(&table[i]) == aead && aead != 0)
			return &table[i];
	return NULL;
}

void attachment_clear(struct attachment *a)
{
	sec_clear(&a->key);
	buf_clear(&a->name);
	buf_clear(&a->type);
	memset(a, 0, sizeof(*a));
}

enum err attachment_make(const struct suite *suite, const struct rng *rng,
			 struct attachment *a)
{
	uint8_t id[sizeof(struct uuid)], key[SEC_MAX];
	enum err e;

	memset(a, 0, sizeof(*a));
	a->aead = number_of(suite);
	ENSURE(a->aead != 0, ERR_LOCAL_BUG);
	TRY(rng_fill(rng, id, sizeof(id)));
	TRY(rng_fill(rng, key, suite->nk));
	TRY(rng_fill(rng, a->nonce, sizeof(a->nonce)));
	a->id = uuid_random(id);
	TRY(sec_set(&a->key, span_of(key, suite->nk)));
out:
	sec_wipe(key, sizeof(key));
	return e;
}

uint64_t attachment_sealed_size(uint64_t size)
{
	return size + SUITE_AEAD_TAG;
}

bool attachment_is(const struct attachment *a, uint64_t size,
		   const uint8_t hash[ATTACHMENT_HASH])
{
	return size == a->size && memcmp(hash, a->hash, ATTACHMENT_HASH) == 0;
}

/* ---- as a part ---- */

void attachment_to_part(const struct attachment *a, struct buf *url,
			struct mimi_part *part)
{
	buf_put_str(url, SCHEME);
	uuid_put(url, a->id);
	*part = (struct mimi_part){ .disposition = MIMI_ATTACHMENT,
				    .cardinality = MIMI_EXTERNAL,
				    .content_type = buf_span(&a->type),
				    .external = {
					.url = buf_span(url),
					.size = a->size,
					.aead = a->aead,
					.key = sec_span(&a->key),
					.nonce = SPAN_ARRAY(a->nonce),
					.hash = MIMI_SHA256,
					.content_hash = SPAN_ARRAY(a->hash),
					.filename = buf_span(&a->name) } };
}

static bool read_url(struct span url, struct uuid *id)
{
	size_t n = sizeof(SCHEME) - 1;

	return url.n == n + UUID_TEXT && memcmp(url.p, SCHEME, n) == 0 &&
	       uuid_parse(id, span_of(url.p + n, UUID_TEXT)) == ERR_OK;
}

static bool is_name(struct span text)
{
	return text.n > 0 && text.n <= ATTACHMENT_NAME_MAX &&
	       memchr(text.p, '\0', text.n) == NULL && text_is_utf8(text);
}

enum err attachment_of_part(const struct mimi_part *part, struct attachment *a)
{
	const struct mimi_external *x = &part->external;
	const struct suite *suite = attachment_suite(x->aead);
	enum err e;

	memset(a, 0, sizeof(*a));
	ENSURE(part->cardinality == MIMI_EXTERNAL && suite != NULL &&
		   read_url(x->url, &a->id) && x->size <= ATTACHMENT_MAX &&
		   x->key.n == suite->nk && x->nonce.n == SUITE_NONCE &&
		   x->aad.n == 0 && x->hash == MIMI_SHA256 &&
		   x->content_hash.n == ATTACHMENT_HASH &&
		   is_name(x->filename) && is_name(part->content_type),
	       ERR_PEER_UNSUPPORTED);
	a->size = x->size;
	a->aead = x->aead;
	memcpy(a->nonce, x->nonce.p, SUITE_NONCE);
	memcpy(a->hash, x->content_hash.p, ATTACHMENT_HASH);
	TRY(sec_set(&a->key, x->key));
	buf_put(&a->name, x->filename);
	buf_put(&a->type, part->content_type);
	TRY(buf_end(&a->name));
	TRY(buf_end(&a->type));
out:
	return e;
}

/* ---- its bytes ---- */

struct attachment_stream {
	struct aead_stream *aead;
	struct hash_stream *hash;
	uint8_t named[ATTACHMENT_HASH];
	bool seal;
};

enum err attachment_begin(const struct attachment *a, bool seal,
			  struct attachment_stream **out)
{
	const struct suite *suite = attachment_suite(a->aead);
	struct attachment_stream *s = calloc(1, sizeof(*s));
	enum err e;

	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	ENSURE(suite != NULL, ERR_LOCAL_BUG);
	s->seal = seal;
	memcpy(s->named, a->hash, sizeof(s->named));
	TRY(hash_stream_begin(&s->hash));
	TRY(aead_stream_begin(suite, sec_span(&a->key), SPAN_ARRAY(a->nonce),
			      SPAN_EMPTY, seal, &s->aead));
	*out = s;
	s = NULL;
out:
	attachment_free(s);
	return e;
}

enum err attachment_pass(struct attachment_stream *s, struct span in,
			 uint8_t *out)
{
	enum err e;

	if (!s->seal) /* before `out`, which may be the same bytes */
		TRY(hash_stream_add(s->hash, in));
	TRY(aead_stream_pass(s->aead, in, out));
	if (s->seal)
		TRY(hash_stream_add(s->hash, span_of(out, in.n)));
out:
	return e;
}

enum err attachment_seal_end(struct attachment_stream *s,
			     uint8_t tag[SUITE_AEAD_TAG],
			     uint8_t hash[ATTACHMENT_HASH])
{
	enum err e;

	TRY(aead_stream_seal_end(s->aead, tag));
	TRY(hash_stream_add(s->hash, span_of(tag, SUITE_AEAD_TAG)));
	TRY(hash_stream_end(s->hash, hash));
out:
	return e;
}

enum err attachment_open_end(struct attachment_stream *s,
			     const uint8_t tag[SUITE_AEAD_TAG])
{
	uint8_t hash[ATTACHMENT_HASH];
	enum err e;

	TRY(hash_stream_add(s->hash, span_of(tag, SUITE_AEAD_TAG)));
	TRY(hash_stream_end(s->hash, hash));
	ENSURE(sec_equal(SPAN_ARRAY(hash), SPAN_ARRAY(s->named)),
	       ERR_PEER_CRYPTO);
	TRY(aead_stream_open_end(s->aead, tag));
out:
	return e;
}

void attachment_free(struct attachment_stream *s)
{
	if (s == NULL)
		return;
	aead_stream_free(s->aead);
	hash_stream_free(s->hash);
	free(s);
}
