/*
 * Secrets through the code that handles them, marked as undefined for valgrind
 * (tests/ct/run.sh): it reports every branch on them and every address made of
 * them. Run without an argument it lists its cases.
 *
 * Not here: Twofish, whose tables are not constant-time (docs/threat-model.md),
 * and ECDSA and the NIST curves, which are OpenSSL's matter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/framing.h"
#include "mls/group_internal.h"
#include "mls/transcript.h"
#include "session/envelope_tag.h"

static const uint8_t bytes[64] = "0123456789abcdef0123456789abcdef"
				 "0123456789abcdef0123456789abcde";

static void must(enum err e)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "%s\n", err_text(e));
	exit(1);
}

static void secret(const void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

/* Whether what came out depends on a secret: the marks have come along. */
static bool depends(const void *p, size_t n)
{
	uint8_t marks[256] = { 0 };
	bool any = false;

	n = n < sizeof(marks) ? n : sizeof(marks);
	if (VALGRIND_GET_VBITS(p, marks, n) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		any |= marks[i] != 0;
	return any;
}

static void must_depend(const void *p, size_t n)
{
	if (RUNNING_ON_VALGRIND && !depends(p, n))
		must(ERR_LOCAL_BUG);
}

static struct sec secret_of(size_t n)
{
	struct sec s = { 0 };

	must(sec_set(&s, span_of(bytes, n)));
	secret(s.b, n);
	return s;
}

static const struct suite *each_suite(size_t i)
{
	static const uint16_t ids[] = { 1, 3, 4, 7 };

	return i < sizeof(ids) / sizeof(*ids) ? suite_by_id(ids[i]) : NULL;
}

/* ---- comparisons ---- */

static void case_compare(void)
{
	struct sec a = secret_of(32), b = secret_of(32), c = secret_of(31);

	b.b[0] ^= 1;
	secret(b.b, 32);
	if (sec_equal(sec_span(&a), sec_span(&b)) ||
	    sec_equal(sec_span(&a), sec_span(&c)) ||
	    !sec_equal(sec_span(&a), sec_span(&a)))
		must(ERR_LOCAL_BUG);
}

static void case_leak(void)
{
	struct sec a = secret_of(32);

	if (memcmp(a.b, bytes, 32) == 0)
		(void)puts("equal");
}

static void case_confirmation_tag(void)
{
	const struct suite *s;

	for (size_t i = 0; (s = each_suite(i)) != NULL; i++) {
		struct sec key = secret_of(s->nh);
		uint8_t tag[SUITE_HASH_MAX];
		const struct span hash = span_of(bytes, s->nh);

		must(transcript_tag(s, sec_span(&key), hash, tag));
		must_depend(tag, s->nh);
		must(transcript_check_tag(s, sec_span(&key), hash,
					  span_of(tag, s->nh)));
		if (transcript_check_tag(s, sec_span(&key), hash, hash) ==
		    ERR_OK)
			must(ERR_LOCAL_BUG);
	}
}

static void case_envelope_tag(void)
{
	const struct suite *s = suite_by_id(4);
	struct sec key = secret_of(s->nh);
	struct envelope envelope = { .tagged = SPAN_ARRAY(bytes),
				     .tag = span_of(bytes, s->nh) };

	if (envelope_tag_check(s, &key, &envelope) != ERR_PEER_CRYPTO)
		must(ERR_LOCAL_BUG);
}

/* ---- keys ---- */

static void case_hash(void)
{
	const struct suite *s;

	for (size_t i = 0; (s = each_suite(i)) != NULL; i++) {
		struct sec key = secret_of(s->nh), prk = { 0 }, out = { 0 };
		const struct span part = SPAN_ARRAY(bytes);
		uint8_t mac[SUITE_HASH_MAX];

		must(hash_mac(s, sec_span(&key), &part, 1, mac));
		must_depend(mac, s->nh);
		must(hash_extract(s, sec_span(&key), part, &prk));
		must(hash_expand(s, sec_span(&prk), part, s->nh, &out));
		must_depend(out.b, out.n);
	}
}

static void case_key_schedule(void)
{
	const struct suite *s;

	for (size_t i = 0; (s = each_suite(i)) != NULL; i++) {
		struct sec init = secret_of(s->nh), commit = secret_of(s->nh);
		struct sec joiner = { 0 }, welcome = { 0 }, psk_secret = { 0 };
		struct sec key = { 0 }, nonce = { 0 }, out = { 0 };
		struct mls_epoch_secrets secrets = { 0 };
		const struct mls_psk psk = { SPAN_LIT("id"), sec_span(&init) };

		must(key_schedule_psk(s, &psk, 1, &psk_secret));
		must_depend(psk_secret.b, psk_secret.n);
		must(key_schedule_joiner(s, sec_span(&init), sec_span(&commit),
					 SPAN_ARRAY(bytes), &joiner));
		must(key_schedule_epoch(s, sec_span(&joiner),
					sec_span(&psk_secret),
					SPAN_ARRAY(bytes), &welcome, &secrets));
		must_depend(secrets.encryption.b, secrets.encryption.n);
		must(key_schedule_welcome_key(s, sec_span(&welcome), &key,
					      &nonce));
		must_depend(key.b, key.n);
		must(key_schedule_export(s, sec_span(&secrets.exporter), "x",
					 SPAN_ARRAY(bytes), 32, &out));
		must_depend(out.b, out.n);
		key_schedule_clear(&secrets);
		if (depends(&secrets.exporter, sizeof(secrets.exporter)))
			must(ERR_LOCAL_BUG); /* not wiped */
	}
}

static void case_secret_tree(void)
{
	const struct suite *s;

	for (size_t i = 0; (s = each_suite(i)) != NULL; i++) {
		struct secret_tree tree = SECRET_TREE_INIT;
		struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;
		struct sec encryption = secret_of(s->nh);

		must(secret_tree_init(&tree, s, 9, sec_span(&encryption)));
		must(secret_tree_take(&tree, 5, SECRET_TREE_APPLICATION, 7,
				      &staged));
		must_depend(staged.key.key, s->nk);
		secret_tree_confirm(&staged);
		must(secret_tree_take(&tree, 5, SECRET_TREE_APPLICATION, 3,
				      &staged));
		secret_tree_abandon(&staged);
		must(
		    secret_tree_next(&tree, 0, SECRET_TREE_HANDSHAKE, &staged));
		secret_tree_confirm(&staged);
		secret_tree_clear(&tree);
	}
}

static void case_sender_data_key(void)
{
	const struct suite *s = suite_by_id(3);
	struct sec from = secret_of(s->nh), key = { 0 }, nonce = { 0 };

	must(secret_tree_sender_data_key(s, sec_span(&from), SPAN_ARRAY(bytes),
					 &key, &nonce));
	must_depend(key.b, key.n);
}

static void case_aead(void)
{
	const struct suite *s;

	for (size_t i = 0; (s = each_suite(i)) != NULL; i++) {
		struct sec key = secret_of(s->nk), nonce = secret_of(12);
		struct sec plain = secret_of(50);
		struct buf sealed = BUF_INIT, opened = BUF_INIT;

		must(aead_seal(s, sec_span(&key), sec_span(&nonce),
			       SPAN_LIT("aad"), sec_span(&plain), &sealed));
		must_depend(sealed.p, sealed.n);
		/* what is sent is public */
		(void)VALGRIND_MAKE_MEM_DEFINED(sealed.p, sealed.n);
		must(aead_open(s, sec_span(&key), sec_span(&nonce),
			       SPAN_LIT("aad"), buf_span(&sealed), &opened));
		must_depend(opened.p, opened.n);
		sealed.p[3] ^= 1;
		if (aead_open(s, sec_span(&key), sec_span(&nonce),
			      SPAN_LIT("aad"), buf_span(&sealed),
			      &opened) == ERR_OK)
			must(ERR_LOCAL_BUG);
		buf_clear(&sealed);
		buf_clear(&opened);
	}
}

static void open_with(const struct suite *s)
{
	struct sec private_key = { 0 };
	struct buf public_key = BUF_INIT, enc = BUF_INIT, sealed = BUF_INIT,
		   opened = BUF_INIT;

	must(
	    hpke_generate_key_pair(s, rng_system(), &private_key, &public_key));
	must(hpke_seal(s, rng_system(), buf_span(&public_key), SPAN_LIT("info"),
		       SPAN_EMPTY, SPAN_ARRAY(bytes), &enc, &sealed));
	secret(private_key.b, private_key.n);
	must(hpke_open(s, buf_span(&enc), sec_span(&private_key),
		       buf_span(&public_key), SPAN_LIT("info"), SPAN_EMPTY,
		       buf_span(&sealed), &opened));
	must_depend(opened.p, opened.n);
	buf_clear(&public_key);
	buf_clear(&enc);
	buf_clear(&sealed);
	buf_clear(&opened);
}

static void case_hpke(void)
{
	open_with(suite_by_id(3));
}

/* Where OpenSSL has no ML-KEM there is nothing to look at. */
static void case_xwing(void)
{
	const struct suite *s =
	    suite_by_id(SUITE_XWING_CHACHA20POLY1305_SHA256_ED25519);

	if (suite_usable(s))
		open_with(s);
}

/* ---- a whole group ---- */

static struct mls_group *group_with_secrets(struct mls_identity *me)
{
	static const uint16_t suites[] = { 3 };
	static struct sec key;
	static struct buf public_key;
	struct mls_group *group;

	*me = (struct mls_identity){ .suite = suite_by_id(3),
				     .rng = rng_system(),
				     .now = 1000,
				     .lifetime = 1000,
				     .credential_identity = SPAN_LIT("me"),
				     .cipher_suites = suites,
				     .cipher_suite_count = 1 };
	must(sign_generate(me->suite, me->rng, &key, &public_key));
	me->signature_private = sec_span(&key);
	me->signature_public = buf_span(&public_key);
	must(mls_group_create(me, SPAN_LIT("group"), SPAN_EMPTY, &group));
	return group;
}

static void hide(struct sec *s)
{
	secret(s->b, s->n);
}

/* A message to be sent: the sender's data, padding and all. */
static void case_protect(void)
{
	struct mls_identity me;
	struct mls_group *group = group_with_secrets(&me);
	struct sec plain = secret_of(40), encryption = secret_of(32);
	struct buf message = BUF_INIT;

	hide(&group->now->secrets.sender_data);
	secret_tree_clear(&group->now->messages);
	must(secret_tree_init(&group->now->messages, me.suite, 1,
			      sec_span(&encryption)));
	must(mls_group_protect(group, &me, SPAN_EMPTY, sec_span(&plain),
			       &message));
	must_depend(message.p, message.n);
	buf_clear(&message);
	mls_group_free(group);
}

/* A PublicMessage that came: its membership tag. */
static void case_membership_tag(void)
{
	const struct mls_proposal psk = { .kind = MLS_PROPOSE_PSK,
					  .psk_id = SPAN_LIT("id") };
	struct mls_identity me;
	struct mls_group *group = group_with_secrets(&me);
	struct buf message = BUF_INIT;
	struct wire_message decoded;

	must(mls_group_propose(group, &me, &psk, false, &message));
	must(wire_message_decode(buf_span(&message), &decoded));
	hide(&group->now->secrets.membership_key);
	must(framing_check_public(
	    me.suite, &decoded.public_message,
	    buf_span(&group->now->encoded_context),
	    sec_span(&group->now->secrets.membership_key)));
	buf_clear(&message);
	mls_group_free(group);
}

static const struct {
	const char *name;
	void (*run)(void);
} CASES[] = {
	{ "comparison of secrets", case_compare },
	{ "confirmation tag (RFC 9420, 8.1)", case_confirmation_tag },
	{ "membership tag (RFC 9420, 6.2)", case_membership_tag },
	{ "HMAC of an envelope", case_envelope_tag },
	{ "HMAC and HKDF", case_hash },
	{ "key schedule (RFC 9420, 8)", case_key_schedule },
	{ "secret tree (RFC 9420, 9)", case_secret_tree },
	{ "sender data key (RFC 9420, 6.3.2)", case_sender_data_key },
	{ "AES-GCM and ChaCha20-Poly1305", case_aead },
	{ "HPKE with X25519", case_hpke },
	{ "HPKE with X-Wing", case_xwing },
	{ "a message that is sent", case_protect },
	{ "leak", case_leak }, /* must be reported; not in the list */
};

int main(int argc, char **argv)
{
	size_t count = sizeof(CASES) / sizeof(*CASES);

	for (size_t i = 0; argc == 1 && i + 1 < count; i++)
		(void)puts(CASES[i].name);
	for (size_t i = 0; argc == 2 && i < count; i++)
		if (strcmp(argv[1], CASES[i].name) == 0)
			CASES[i].run();
	return 0;
}
