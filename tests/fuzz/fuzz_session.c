/*
 * session_receive() on a live group. The world is made once, the same in every
 * run: Alice and Bob, a message and a commit of Alice's on their way to Bob.
 *
 *   input[0] bit 0  the message or the commit
 *            bit 1  the envelope gets a right tag again, as an insider's would
 *            bit 2  the rest of the input is the entry, instead of changing it
 *            bit 3  the rest of the input is a departure, signed by nobody
 *   then {uint16 place, uint8 xor}...
 *
 * Whatever comes, Bob's state is what it was or one entry further, and saves
 * and loads; the entry unchanged is accepted, and so is a commit of which only the
 * membership tag was changed.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"
#include "session/envelope_tag.h"
#include "session/session.h"
#include "tests/testlib/session_value.h"

#define NOW 1790000000u

static const uint8_t id[SESSION_ID] = "a session's id";

static void must(enum err e)
{
	if (e != ERR_OK)
		abort();
}

/* xorshift64: the same keys in every run. */
static enum err fill(void *context, uint8_t *out, size_t n)
{
	uint64_t *seed = context;

	for (size_t i = 0; i < n; i++) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		out[i] = (uint8_t)*seed;
	}
	return ERR_OK;
}

struct device {
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key;
};

static uint64_t seed = 88172645463325252u;
static const struct rng rng = { fill, &seed };
static const uint16_t suites[] = {
	SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
};
static struct buf bob_state, message, commit;

static void make_device(struct device *d, const char *name)
{
	memset(d, 0, sizeof(*d));
	d->me.suite = suite_by_id(suites[0]);
	d->me.rng = &rng;
	d->me.now = NOW;
	d->me.lifetime = 86400;
	d->me.credential_identity = span_str(name);
	d->me.cipher_suites = suites;
	d->me.cipher_suite_count = 1;
	session_identity(&d->me);
	must(sign_generate(d->me.suite, &rng, &d->private_key, &d->public_key));
	d->me.signature_private = sec_span(&d->private_key);
	d->me.signature_public = buf_span(&d->public_key);
}

static struct session *make_alice(const struct device *alice, struct span bob)
{
	static const uint8_t offered[] = { 0, 3 };
	const struct negotiation_offer offer = { span_str("alice/1"),
						 SPAN_ARRAY(offered) };
	const struct negotiation_invitee invitee = { span_str("bob/1"), &bob,
						     1 };
	struct negotiation_plan plan;
	struct session *session = NULL;
	struct buf info = BUF_INIT;

	must(negotiation_plan(&offer, &invitee, 1, &plan));
	must(session_create(&alice->me, id, &plan, NULL, &session, &info));
	negotiation_plan_clear(&plan);
	buf_clear(&info);
	return session;
}

/* Alice adds Bob, and the log has that as its first entry. */
static struct session *add_bob(struct session *alice, const struct device *a,
			       const struct device *b, struct span key_package,
			       const struct mls_key_package_secrets *secrets)
{
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1 };
	struct mls_commit made = { 0 };
	struct session *bob = NULL;
	struct chain chain;
	uint8_t head[CHAIN_HEAD];

	must(session_commit(alice, &a->me, &change, &made));
	must(chain_start(&chain, SPAN_ARRAY(id)));
	must(chain_next(&chain, CHAIN_COMMIT, buf_span(&made.commit), head));
	must(session_accepted(alice, NOW, 1, head));
	must(session_join_welcome(&b->me, id, buf_span(&made.welcome),
				  SESSION_WITHIN, key_package, secrets, 1, head,
				  &(enum session_tree){ 0 }, &bob));
	mls_commit_clear(&made);
	return bob;
}

static void make_world(void)
{
	const struct mls_change rotate = { .force_path = true };
	struct mls_key_package_secrets secrets = { 0 };
	struct mls_commit made = { 0 };
	struct buf key_package = BUF_INIT;
	struct session *alice, *bob;
	struct device a, b;

	make_device(&a, "alice/1");
	make_device(&b, "bob/1");
	must(mls_key_package_create(&b.me, false, &secrets, &key_package));
	alice = make_alice(&a, buf_span(&key_package));
	bob = add_bob(alice, &a, &b, buf_span(&key_package), &secrets);
	must(session_value(bob, &bob_state));
	must(session_send(alice, &a.me, (uint64_t)NOW * 1000, SPAN_LIT("hello"),
			  &message, NULL));
	must(session_commit(alice, &a.me, &rotate, &made));
	buf_put(&commit, buf_span(&made.commit));
	mls_commit_clear(&made);
	session_free(alice);
	session_free(bob);
	buf_clear(&key_package);
	buf_clear(&a.public_key);
	buf_clear(&b.public_key);
}

/* Bob's key, which every member has: the tag over the changed bytes. */
static void tag_again(const struct session *bob, struct buf *entry)
{
	struct sec key = { 0 };

	if (entry->n < 32)
		return;
	entry->n -= 32;
	must(envelope_tag_key(session_group(bob), SPAN_ARRAY(id), &key));
	must(envelope_tag_put(session_suite(bob), &key, entry));
}

/* Apart from a commit's membership tag, which stands last. */
static bool is_changed(struct span entry, struct span sent, bool tagged)
{
	const size_t tag = 32;

	if (tagged && entry.n == sent.n && entry.n > tag)
		entry.n = sent.n -= tag;
	return !span_equal(entry, sent);
}

/* Returns whether it differs from what Alice sent. */
static bool make_entry(const struct session *bob, const uint8_t *data,
		       size_t size, struct buf *entry)
{
	const struct buf *sent = data[0] & 1 ? &commit : &message;

	if (data[0] & (4 | 8)) {
		buf_put(entry, span_of(data + 1, size - 1));
	} else {
		buf_put(entry, buf_span(sent));
		for (size_t i = 1; i + 3 <= size; i += 3)
			entry->p[((size_t)data[i] << 8 | data[i + 1]) %
				 entry->n] ^= data[i + 2];
	}
	if ((data[0] & (3 | 8)) == 2)
		tag_again(bob, entry);
	return is_changed(buf_span(entry), buf_span(sent), sent == &commit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_event event = { 0 };
	struct session *bob = NULL, *again = NULL;
	struct buf entry = BUF_INIT, state = BUF_INIT;
	struct chain chain;
	uint8_t head[CHAIN_HEAD];
	enum chain_kind kind;
	bool changed;

	if (size == 0)
		return 0;
	if (bob_state.n == 0)
		make_world();
	kind = data[0] & 1 ? CHAIN_COMMIT : CHAIN_APPLICATION;
	if (data[0] & 8)
		kind = CHAIN_DEPARTURE;
	must(session_load(buf_span(&bob_state), &bob));
	changed = make_entry(bob, data, size, &entry);
	chain_resume(&chain, session_seq(bob), session_head(bob));
	must(chain_next(&chain, kind, buf_span(&entry), head));
	must(
	    session_receive(bob, NOW, 2, kind, buf_span(&entry), head, &event));
	if (changed != (event.kind == SESSION_REFUSED) || session_seq(bob) != 2)
		abort();
	must(session_value(bob, &state));
	must(session_load(buf_span(&state), &again));
	session_event_clear(&event);
	session_free(bob);
	session_free(again);
	buf_clear(&entry);
	buf_clear(&state);
	return 0;
}
