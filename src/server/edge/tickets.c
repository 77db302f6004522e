#include "server/edge/tickets.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sec.h"
#include "server/edge/loop.h"

enum { NAME_BYTES = 16, IV_BYTES = 16, KEY_BYTES = 32, SLOTS = 4 };

struct key {
	unsigned char name[NAME_BYTES], cipher[KEY_BYTES], mac[KEY_BYTES];
};

/*
 * Nobody holds a lock, since a worker may be killed at any point. Whoever moves
 * `since_ms` on makes the next key, in a slot that no one reads before `ready`
 * names it. If it dies in between, the keys before serve another period.
 */
struct ring {
	_Atomic unsigned long ready, since_ms;
	struct key keys[SLOTS];
};

static struct ring *ring;
static unsigned long period;

static bool make_key(struct key *key)
{
	return RAND_bytes(key->name, sizeof(key->name)) == 1 &&
	       RAND_priv_bytes(key->cipher, sizeof(key->cipher)) == 1 &&
	       RAND_priv_bytes(key->mac, sizeof(key->mac)) == 1;
}

bool tickets_open(unsigned long period_ms)
{
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ring == MAP_FAILED)
		return false;
	(void)mlock(ring, sizeof(*ring));
	period = period_ms;
	atomic_store(&ring->since_ms, loop_now_ms());
	return make_key(&ring->keys[0]);
}

static void rotate_when_due(void)
{
	unsigned long now = loop_now_ms();
	unsigned long since = atomic_load(&ring->since_ms);
	unsigned long next = atomic_load(&ring->ready) + 1;

	if (now < since + period ||
	    !atomic_compare_exchange_strong(&ring->since_ms, &since, now) ||
	    !make_key(&ring->keys[next % SLOTS]))
		return;
	atomic_store(&ring->ready, next);
	sec_wipe(&ring->keys[(next + 2) % SLOTS], sizeof(struct key));
}

static int set_keys(const struct key *key, const unsigned char *iv,
		    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac, KEY_BYTES),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end()
	};

	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher,
				 iv, seal) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* The contract of SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	unsigned long ready;
	const struct key *key;

	(void)ssl;
	rotate_when_due();
	ready = atomic_load(&ring->ready);
	key = &ring->keys[ready % SLOTS];
	if (seal == 1) {
		memcpy(name, key->name, NAME_BYTES);
		if (RAND_bytes(iv, IV_BYTES) != 1)
			return -1;
		return set_keys(key, iv, cipher, mac, 1) ? 1 : -1;
	}
	if (memcmp(name, key->name, NAME_BYTES) == 0)
		return set_keys(key, iv, cipher, mac, 0) ? 1 : -1;
	key = &ring->keys[(ready + SLOTS - 1) % SLOTS];
	if (ready == 0 || memcmp(name, key->name, NAME_BYTES) != 0)
		return 0; /* a whole handshake then */
	return set_keys(key, iv, cipher, mac, 0) ? 2 : -1;
}

void tickets_use(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	(void)SSL_CTX_set_timeout(ctx, (long)(2 * period / 1000));
}
