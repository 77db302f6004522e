#include "mls/rules.h"

#include <stddef.h>

#include "mls/broken.h"

static const struct rule {
	const char *name, *section, *sentence;
} rules[] = { { "NONE", "", "No rule was broken." },
#define ROW(name, section, sentence) { #name, section, sentence },
	      MLS_RULES(ROW)
#undef ROW
};

static const struct rule *find(enum mls_rule rule)
{
	return &rules[(unsigned)rule < MLS_RULE_COUNT ? rule : MLS_RULE_NONE];
}

const char *mls_rule_name(enum mls_rule rule)
{
	return find(rule)->name;
}

const char *mls_rule_section(enum mls_rule rule)
{
	return find(rule)->section;
}

const char *mls_rule_sentence(enum mls_rule rule)
{
	return find(rule)->sentence;
}

enum err rules_settle(enum err e, enum mls_rule *rule)
{
	unsigned number = (unsigned)e >> BROKEN_SHIFT;

	if (rule != NULL)
		*rule = (enum mls_rule)number;
	return (enum err)((unsigned)e & ((1u << BROKEN_SHIFT) - 1));
}
