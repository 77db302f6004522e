/* The roles extension: whatever decodes has an owner, and changing a role gives
 * one that decodes, too. */
#include "fuzz.h"
#include "wire/extension.h"
#include "wire/roles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span extensions = span_of(data, size);
	struct buf changed = BUF_INIT;
	struct roles roles, after;

	if (wire_extensions_check(extensions) != ERR_OK ||
	    roles_read(extensions, &roles) != ERR_OK || !roles.there)
		return 0;
	if (roles_put_changed(&roles, SPAN_LIT("bob"), ROLE_ADMIN, &changed) ==
		ERR_OK &&
	    (roles_read(buf_span(&changed), &after) != ERR_OK ||
	     roles_of(&after, SPAN_LIT("bob")) != ROLE_ADMIN))
		__builtin_trap();
	buf_clear(&changed);
	return 0;
}
