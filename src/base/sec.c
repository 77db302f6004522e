#include "base/sec.h"

#include <string.h>

#include "base/ct.h"

void sec_wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		explicit_bzero(p, n);
}

void sec_clear(struct sec *s)
{
	sec_wipe(s, sizeof(*s));
}

enum err sec_set(struct sec *s, struct span from)
{
	sec_clear(s);
	if (from.n > SEC_MAX)
		return ERR_LOCAL_BUG;
	if (from.n > 0)
		memcpy(s->b, from.p, from.n);
	s->n = (uint8_t)from.n;
	return ERR_OK;
}

bool sec_equal(struct span a, struct span b)
{
	volatile uint8_t differ = 0;
	bool equal;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ |= a.p[i] ^ b.p[i];
	equal = differ == 0;
	CT_PUBLIC(&equal, sizeof(equal));
	return equal;
}
