#include "reach/harmful.h"

#include <utf8proc.h>

/* Unicode keeps these places for signs that do not show. */
static bool is_reserved(uint32_t c)
{
	return c == 0x2065 || (c >= 0xfff0 && c <= 0xfff8) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

/* Joiners make one sign of several: in a text they belong, in a name they hide, as
 * variation selectors do. Arabic signs before numbers show. */
bool harmful_is(uint32_t c, bool is_name)
{
	const utf8proc_property_t *property =
	    utf8proc_get_property((utf8proc_int32_t)c);

	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	case UTF8PROC_CATEGORY_CF:
		if (c == 0x200c || c == 0x200d)
			return is_name;
		return property->boundclass != UTF8PROC_BOUNDCLASS_PREPEND;
	case UTF8PROC_CATEGORY_CN:
		return is_reserved(c);
	default:
		return is_name && property->ignorable;
	}
}
