#include "session/code.h"

#include "base/buf.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#include <string.h>

#define RECOVERY_BYTES 20
#define RECOVERY_CHARACTERS 36
#define CODE_CHARACTERS 20

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const struct suite *ed25519(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

/* Five bits at a time, from the highest on. */
static uint8_t bits_at(const uint8_t *bytes, size_t n, size_t position)
{
	size_t byte = position * 5 / 8, shift = position * 5 % 8;
	unsigned two = (unsigned)bytes[byte] << 8;

	if (byte + 1 < n)
		two |= bytes[byte + 1];
	return (uint8_t)(two >> (11 - shift) & 31);
}

static void write_groups(const uint8_t *bytes, size_t n, size_t characters,
			 size_t group, char *out)
{
	for (size_t i = 0; i < characters; i++) {
		if (i > 0 && i % group == 0)
			*out++ = '-';
		*out++ = ALPHABET[bits_at(bytes, n, i)];
	}
	*out = '\0';
}

static int value_of(uint8_t c)
{
	const char *found;

	if (c >= 'a' && c <= 'z')
		c = (uint8_t)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	found = c != '\0' ? strchr(ALPHABET, c) : NULL;
	return found != NULL ? (int)(found - ALPHABET) : -1;
}

/* Exactly so many characters into n bytes, whose bits beyond are 0. */
static bool read_groups(struct span typed, size_t characters, uint8_t *bytes,
			size_t n)
{
	size_t count = 0;

	memset(bytes, 0, n);
	for (size_t i = 0; i < typed.n; i++) {
		uint8_t c = typed.p[i];
		size_t at = count * 5 / 8, shift = count * 5 % 8;
		int value;
		unsigned two;

		if (c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		value = value_of(c);
		if (value < 0 || count == characters)
			return false;
		two = (unsigned)value << (11 - shift);
		bytes[at] |= (uint8_t)(two >> 8);
		if (at + 1 < n)
			bytes[at + 1] |= (uint8_t)two;
		count++;
	}
	return count == characters;
}

/* ---- codes ---- */

enum err code_make(const struct rng *rng, struct sec *secret)
{
	enum err e;

	secret->n = CODE_BYTES;
	TRY(rng_fill(rng, secret->b, CODE_BYTES));
	secret->b[CODE_BYTES - 1] &= 0xf0;
out:
	if (e != ERR_OK)
		sec_clear(secret);
	return e;
}

void code_write(const struct sec *secret, char code[CODE_SIZE])
{
	write_groups(secret->b, CODE_BYTES, CODE_CHARACTERS, 5, code);
}

enum err code_read(struct span typed, struct sec *secret)
{
	secret->n = CODE_BYTES;
	if (read_groups(typed, CODE_CHARACTERS, secret->b, CODE_BYTES))
		return ERR_OK;
	sec_clear(secret);
	return ERR_PEER_MALFORMED;
}

/* ---- recovery keys ---- */

/* The key behind the bytes. */
static enum err make_pair(struct span bytes, struct account_pair *pair)
{
	struct sec prk = { 0 };
	enum err e;

	*pair = (struct account_pair){ .suite = ed25519() };
	TRY(hash_extract(ed25519(), SPAN_EMPTY, bytes, &prk));
	TRY(hash_expand(ed25519(), sec_span(&prk),
			SPAN_LIT("hermetic recovery key 1"), 32,
			&pair->private_key));
	TRY(sign_public(ed25519(), sec_span(&pair->private_key),
			&pair->public_key));
	TRY(buf_end(&pair->public_key));
out:
	sec_clear(&prk);
	return e;
}

/* The bytes with their check behind them: 180 bits in 23 bytes. */
#define CHECKED (RECOVERY_BYTES + 3)

static enum err put_check(uint8_t bytes[CHECKED])
{
	const struct span parts[] = { SPAN_LIT("hermetic recovery check 1"),
				      span_of(bytes, RECOVERY_BYTES) };
	uint8_t digest[32];
	enum err e = hash_sha256(parts, 2, digest);

	memcpy(bytes + RECOVERY_BYTES, digest, 3);
	bytes[CHECKED - 1] &= 0xf0;
	sec_wipe(digest, sizeof(digest));
	return e;
}

enum err code_recovery_make(const struct rng *rng,
			    char text[CODE_RECOVERY_SIZE],
			    struct account_pair *pair)
{
	uint8_t bytes[CHECKED];
	enum err e;

	text[0] = '\0';
	*pair = (struct account_pair){ .suite = ed25519() };
	TRY(rng_fill(rng, bytes, RECOVERY_BYTES));
	TRY(put_check(bytes));
	TRY(make_pair(span_of(bytes, RECOVERY_BYTES), pair));
	write_groups(bytes, CHECKED, RECOVERY_CHARACTERS, 4, text);
out:
	sec_wipe(bytes, sizeof(bytes));
	return e;
}

enum err code_recovery_read(struct span typed, struct account_pair *pair)
{
	uint8_t bytes[CHECKED], expected[CHECKED];
	enum err e;

	*pair = (struct account_pair){ .suite = ed25519() };
	ENSURE(read_groups(typed, RECOVERY_CHARACTERS, bytes, CHECKED),
	       ERR_PEER_MALFORMED);
	memcpy(expected, bytes, CHECKED);
	TRY(put_check(expected));
	ENSURE(sec_equal(SPAN_ARRAY(bytes), SPAN_ARRAY(expected)),
	       ERR_PEER_MALFORMED);
	TRY(make_pair(span_of(bytes, RECOVERY_BYTES), pair));
out:
	sec_wipe(bytes, sizeof(bytes));
	sec_wipe(expected, sizeof(expected));
	return e;
}
