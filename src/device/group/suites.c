#include "device/group/suites.h"

#include <stdio.h>
#include <string.h>

/* The default offer, in its order: what every server takes KeyPackages of. Those with
 * X-Wing are offered where somebody names them (ADR 66). */
static const uint16_t BY_DEFAULT[] = {
	SUITE_X448_AES256GCM_SHA512_ED448,
	SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
	SUITE_X25519_TWOFISH256GCM_SHA256_ED25519,
};

static struct suites by_default(void)
{
	struct suites suites = { { 0 }, 0 };

	for (size_t i = 0; i < sizeof(BY_DEFAULT) / sizeof(*BY_DEFAULT); i++)
		suites.ids[suites.count++] = BY_DEFAULT[i];
	return suites;
}

static enum err refuse_unknown(struct span name, struct why *why)
{
	size_t count, n = 0;
	const struct suite *table = suite_table(&count);
	char names[160] = "";

	for (size_t i = 0; i < count; i++)
		if (table[i].algorithm != NULL && suite_usable(&table[i]))
			n += (size_t)snprintf(names + n, sizeof(names) - n,
					      "%s%s", n > 0 ? ", " : "",
					      table[i].algorithm);
	return why_set(why, ERR_PEER_INVALID, "unknown-algorithm",
		       "There is no algorithm \"%.*s\". There are: %s.",
		       (int)(name.n < 64 ? name.n : 64),
		       name.n > 0 ? (const char *)name.p : "", names);
}

void suites_say_unusable(const struct suite *suite, struct why *why)
{
	(void)why_set(why, ERR_PEER_INVALID, "openssl-too-old",
		      "%s needs ML-KEM, which OpenSSL has from version 3.5 on "
		      "(Debian 13), and the one here is older.",
		      suite->algorithm);
}

static enum err add(struct suites *suites, struct span name, struct why *why)
{
	const struct suite *suite = suite_by_algorithm(name);

	if (suite == NULL)
		return refuse_unknown(name, why);
	if (!suite_usable(suite)) {
		suites_say_unusable(suite, why);
		return ERR_PEER_INVALID;
	}
	if (suites_have(suites, suite))
		return why_set(why, ERR_PEER_INVALID, "repeated-algorithm",
			       "%s is named twice.", suite->algorithm);
	if (suites->count == SUITES_MAX)
		return ERR_PEER_TOO_LARGE;
	suites->ids[suites->count++] = suite->id;
	return ERR_OK;
}

enum err suites_parse(const char *text, struct suites *out, struct why *why)
{
	struct suites suites = { { 0 }, 0 };
	enum err e = ERR_OK;

	if (text == NULL) {
		*out = by_default();
		return ERR_OK;
	}
	for (;;) {
		size_t n = strcspn(text, ",");

		TRY(add(&suites, span_of(text, n), why));
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	*out = suites;
out:
	return e;
}

bool suites_equal(const struct suites *one, const struct suites *other)
{
	return one->count == other->count &&
	       memcmp(one->ids, other->ids, one->count * sizeof(one->ids[0])) ==
		   0;
}

bool suites_have(const struct suites *suites, const struct suite *suite)
{
	for (size_t i = 0; i < suites->count; i++)
		if (suites->ids[i] == suite->id)
			return true;
	return false;
}
