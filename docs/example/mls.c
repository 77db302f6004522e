/* Alice makes a group, adds Bob and writes to him.
 *   cc mls.c $(pkg-config --cflags --libs hermetic-mls) */
#include <crypto/sign.h>
#include <mls/group.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const uint16_t suites[] = { 0x0003 };

static void must(enum err e)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "%s\n", err_text(e));
	exit(1);
}

static void make(struct mls_identity *me, const char *name, struct sec *key,
		 struct buf *public_key)
{
	me->suite = suite_by_id(suites[0]);
	me->rng = rng_system();
	me->now = (uint64_t)time(NULL);
	me->lifetime = 86400;
	me->credential_identity = span_str(name);
	me->cipher_suites = suites;
	me->cipher_suite_count = 1;
	must(sign_generate(me->suite, me->rng, key, public_key));
	me->signature_private = sec_span(key);
	me->signature_public = buf_span(public_key);
}

int main(void)
{
	struct mls_identity alice = { 0 }, bob = { 0 };
	struct sec keys[2] = { 0 };
	struct buf public_keys[2] = { 0 };
	struct mls_group *hers, *his;
	struct mls_key_package_secrets secrets = { 0 };
	struct buf package = BUF_INIT, message = BUF_INIT;
	struct mls_commit commit = { 0 };
	struct mls_event event = { 0 };

	make(&alice, "alice", &keys[0], &public_keys[0]);
	make(&bob, "bob", &keys[1], &public_keys[1]);
	must(mls_key_package_create(&bob, false, &secrets, &package));
	must(mls_group_create(&alice, span_str("lunch"), SPAN_EMPTY, &hers));
	const struct span adds[] = { buf_span(&package) };
	const struct mls_change change = { .adds = adds, .add_count = 1 };
	must(mls_group_commit(hers, &alice, &change, &commit));
	must(mls_group_merge(hers)); /* the delivery service has taken it */
	must(mls_group_join(&bob, buf_span(&commit.welcome), SPAN_EMPTY,
			    adds[0], &secrets, &his));
	must(mls_group_protect(hers, &alice, SPAN_EMPTY, span_str("at noon?"),
			       &message));
	must(mls_group_process(his, bob.now, buf_span(&message), &event));
	printf("%.*s\n", (int)event.data.n, (const char *)event.data.p);
	return 0; /* a real one saves its state, sealed, and wipes it here */
}
