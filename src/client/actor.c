#include "client/actor.h"

#include "base/clock.h"
#include "crypto/rng.h"
#include "session/session.h"

#include <string.h>

enum err actor_init(struct actor *actor, struct client *c,
		    const struct suite *suite,
		    const struct account_suites *offer)
{
	enum err e;

	memset(actor, 0, sizeof(*actor));
	TRY(account_key(c, suite, &actor->key));
	actor->offer = *offer;
	actor->me = (struct mls_identity){
		.suite = suite,
		.rng = rng_system(),
		.now = clock_now_ms() / 1000,
		.credential_identity = span_str(c->identity),
		.signature_private = sec_span(&actor->key.private_key),
		.signature_public = buf_span(&actor->key.public_key),
		.cipher_suites = actor->offer.ids,
		.cipher_suite_count = actor->offer.count,
		.lifetime = ACTOR_LIFETIME,
	};
	session_identity(&actor->me);
out:
	return e;
}

void actor_clear(struct actor *actor)
{
	account_key_clear(&actor->key);
	memset(&actor->me, 0, sizeof(actor->me));
}
