/* The verbs of the command line, as a table: for args.c only. */
#ifndef HERMETIC_COMMAND_ARGS_VERBS_H
#define HERMETIC_COMMAND_ARGS_VERBS_H

#include "command/args.h"

struct verb_row {
	const char *name, *operands, *summary;
	size_t least, most; /* operands */
	const char *more;   /* a paragraph, or NULL */
	const char *examples;
};

extern const struct verb_row args_verbs[VERB_COUNT];

#endif
