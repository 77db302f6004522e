/* The verbs of the command line, as a table: for args.c and the chat only. */
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

/* Which verbs the chat has, with a slash in front. */
enum verb_in_chat {
	CHAT_HAS_NOT,
	CHAT_AS_IS,
	CHAT_IN_SESSION /* the session that is open is the first operand */
};
extern const enum verb_in_chat args_in_chat[VERB_COUNT];

#endif
