#include "command/environment.h"

#include "base/text.h"

#include <string.h>

/* What is not set is 0, which nobody can set. */
static enum err take_number(const char *name, const char *text,
			    struct reason *why, uint32_t *number)
{
	uint64_t n = 0;

	if (text == NULL)
		return ERR_OK;
	if (text_parse_u64(&n, span_str(text), UINT32_MAX) != ERR_OK || n == 0)
		return reason_set(why, HERMETIC_USAGE, "usage",
				  "%s is a number above 0, not \"%.20s\".",
				  name, text);
	*number = (uint32_t)n;
	return ERR_OK;
}

enum err environment_take(const struct args *args, struct reason *why,
			  struct hermetic_config *config)
{
	const char *receipts = args->receipts;
	enum err e;

	TRY(take_number("HERMETIC_STOCK", args->stock, why, &config->stock));
	TRY(take_number("HERMETIC_SCRYPT_N", args->scrypt_n, why,
			&config->scrypt_n));
	config->receipts = receipts == NULL || strcmp(receipts, "on") == 0;
	if (!config->receipts && strcmp(receipts, "off") != 0)
		e = reason_set(why, HERMETIC_USAGE, "usage",
			       "HERMETIC_RECEIPTS is on or off, not "
			       "\"%.20s\".",
			       receipts);
out:
	return e;
}
