/* How the name of a broken rule travels to the edge of the engine: in the upper
 * half of an enum err. Public functions take it off (rules_settle()), and
 * err_class() does not look at it. */
#ifndef HERMETIC_MLS_BROKEN_H
#define HERMETIC_MLS_BROKEN_H

#include "base/err.h"
#include "mls/rules.h"

enum { BROKEN_SHIFT = 16 };

MUST_CHECK static inline enum err broken(enum err e, enum mls_rule rule)
{
	return (enum err)((unsigned)e | (unsigned)rule << BROKEN_SHIFT);
}

/* What a peer did wrong, by name; what has a name already keeps it. */
MUST_CHECK static inline enum err broken_as(enum err e, enum mls_rule rule)
{
	return err_class(e) == ERR_CLASS_PEER &&
		       (unsigned)e >> BROKEN_SHIFT == 0
		   ? broken(e, rule)
		   : e;
}

#define RULE(name) broken(ERR_PEER_INVALID, MLS_RULE_##name)
#define RULED(name, call) broken_as((call), MLS_RULE_##name)

/* The plain error; the rule goes to *rule, which may be NULL. */
MUST_CHECK enum err rules_settle(enum err e, enum mls_rule *rule);

#endif
