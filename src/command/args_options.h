/* The options of the command line, as a table: for args.c only. */
#ifndef HERMETIC_COMMAND_ARGS_OPTIONS_H
#define HERMETIC_COMMAND_ARGS_OPTIONS_H

#include "command/args.h"

enum option {
	OPT_SERVER,
	OPT_USERNAME,
	OPT_HOME,
	OPT_CA,
	OPT_DEVICE,
	OPT_ALGORITHM,
	OPT_JSON,
	OPT_NAME,
	OPT_NAMES,
	OPT_INVITE,
	OPT_OPEN,
	OPT_VERIFIED_ONLY,
	OPT_ASK,
	OPT_ID,
	OPT_FILE,
	OPT_CAPTION,
	OPT_REPLY,
	OPT_EDIT,
	OPT_TOPIC,
	OPT_EXPIRES,
	OPT_TO_NEW_MEMBERS,
	OPT_FLUSH,
	OPT_DROP,
	OPT_YES,
	OPT_END_OTHERS,
	OPT_RECOVERY,
	OPT_NO_RECOVERY,
	OPT_BEGIN_ANEW,
	OPT_REPLACE,
	OPT_AFTER,
	OPT_BEFORE,
	OPT_LAST,
	OPT_SINCE,
	OPT_SEARCH,
	OPT_IN,
	OPT_FOLLOW,
	OPT_PLAIN,
	OPT_TRANSPORT,
	OPT_MQTT,
	OPT_PASSPHRASE_FD,
	OPT_FOR,
	OPT_FOREGROUND,
	OPT_HELP,
	OPT_VERSION,
	OPT_COUNT
};

#define ALL_VERBS UINT64_MAX
#define ONLY(verb) (UINT64_C(1) << (verb))

struct option_row {
	const char *name, *alias, *value, *text;
	uint64_t verbs; /* which take it */
};

extern const struct option_row args_options[OPT_COUNT];

#endif
