#include "device/suites.h"

#include <string.h>

static enum err add(struct suites *suites, struct span name, struct why *why)
{
	const struct suite *suite = suite_by_algorithm(name);

	if (suite == NULL)
		return why_set(why, ERR_PEER_INVALID, "unknown-algorithm",
			       "There is no algorithm \"%.*s\". There are: "
			       "aes-256-gcm, chacha20-poly1305, "
			       "twofish-256-gcm.",
			       (int)(name.n < 64 ? name.n : 64),
			       name.n > 0 ? (const char *)name.p : "");
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
	enum err e;

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

bool suites_have(const struct suites *suites, const struct suite *suite)
{
	for (size_t i = 0; i < suites->count; i++)
		if (suites->ids[i] == suite->id)
			return true;
	return false;
}
