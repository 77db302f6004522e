/* Which keys seal what. aead_seal() is wrapped by the linker (mk/sim.mk). */
#include "tests/sim/world.h"

#include <stdlib.h>

#include "crypto/aead.h"
#include "crypto/hash.h"

struct seal {
	uint8_t key[32], ciphertext[32];
	bool left; /* it was handed out */
};

static struct seal *seals;
static size_t seal_count;
static bool watching;

enum err __real_aead_seal(const struct suite *suite, struct span key,
			  struct span nonce, struct span aad,
			  struct span plaintext, struct buf *out);
enum err __wrap_aead_seal(const struct suite *suite, struct span key,
			  struct span nonce, struct span aad,
			  struct span plaintext, struct buf *out);

enum err __wrap_aead_seal(const struct suite *suite, struct span key,
			  struct span nonce, struct span aad,
			  struct span plaintext, struct buf *out)
{
	size_t before = out->n;
	enum err e = __real_aead_seal(suite, key, nonce, aad, plaintext, out);
	struct span made;
	struct seal *seal;

	if (e != ERR_OK || !watching || plaintext.n < 64)
		return e;
	made = span_of(out->p + before, out->n - before);
	seal = SIM_ADD(seals, seal_count);
	sim_must(hash_one(key, seal->key), "hash");
	sim_must(hash_one(made, seal->ciphertext), "hash");
	return e;
}

void seals_reset(void)
{
	free(seals);
	seals = NULL;
	seal_count = 0;
	watching = false;
}

void seals_watch(bool on)
{
	watching = on;
}

bool seals_hand_out(struct span ciphertext)
{
	uint8_t hash[32];
	struct seal *found = NULL;

	sim_must(hash_one(ciphertext, hash), "hash");
	for (size_t i = seal_count; i-- > 0 && found == NULL;)
		if (memcmp(seals[i].ciphertext, hash, 32) == 0)
			found = &seals[i];
	if (found == NULL || found->left)
		return true;
	found->left = true;
	for (size_t i = 0; i < seal_count; i++)
		if (&seals[i] != found && seals[i].left &&
		    memcmp(seals[i].key, found->key, 32) == 0)
			return false;
	return true;
}
