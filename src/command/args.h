/* The command line of `hermetic`: verbs and options as two tables, from which
 * the help is made too. Options may stand before or after the verb. */
#ifndef HERMETIC_COMMAND_ARGS_H
#define HERMETIC_COMMAND_ARGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARGS_INVITES_MAX 64

enum verb {
	VERB_CHAT, /* none given */
	VERB_REGISTER,
	VERB_LOGIN,
	VERB_LOGOUT,
	VERB_SESSIONS,
	VERB_CREATE,
	VERB_JOIN,
	VERB_INVITE,
	VERB_SEND,
	VERB_REACT,
	VERB_DELETE,
	VERB_SAVE,
	VERB_READ,
	VERB_SEARCH,
	VERB_MEMBERS,
	VERB_SAFETY,
	VERB_ROTATE,
	VERB_REMOVE,
	VERB_ROLE,
	VERB_BAN,
	VERB_UNBAN,
	VERB_UNINVITE,
	VERB_ALGORITHM,
	VERB_UPGRADE,
	VERB_RENAME,
	VERB_SUBJECT,
	VERB_PICTURE,
	VERB_LEAVE,
	VERB_OUTBOX,
	VERB_RESOLVE,
	VERB_ACCEPT,
	VERB_INVITATIONS,
	VERB_DECLINE,
	VERB_BLOCK,
	VERB_UNBLOCK,
	VERB_DEVICES,
	VERB_LINK,
	VERB_REVOKE,
	VERB_PASSPHRASE,
	VERB_RECOVERY,
	VERB_VERIFY,
	VERB_ACCOUNT,
	VERB_AGENT,
	VERB_LOCK,
	VERB_COUNT
};

enum transport {
	TRANSPORT_DEFAULT,
	TRANSPORT_REST,
	TRANSPORT_WS,
	TRANSPORT_MQTT
};

/* Strings are borrowed from argv and the environment. */
struct args {
	enum verb verb;
	bool help, version, json, follow, open, yes, flush, to_new_members,
	    end_others, recovery, no_recovery, begin_anew, replace,
	    verified_only, foreground, plain, ask, names;
	const char *server, *username, *home, *device, *ca;
	const char *name;	    /* --name of a session */
	const char *key;	    /* --id of a text */
	const char *file, *caption; /* of send */
	const char *drop;	    /* --drop: "all" or an item's number */
	uint64_t drop_item;	    /* of --drop, or HERMETIC_ALL_ITEMS */
	const char *algorithms; /* comma-separated, in order of preference */
	const char *scrypt_n;	/* cost of a new state, environment only */
	const char *stock;	/* of KeyPackages, environment only */
	uint64_t seconds;	/* --for of an agent; 0: not said */
	const char *receipts;	/* "off": none, environment only */
	int passphrase_fd;	/* -1: none */
	/* environment only: a file, and the folder of systemd's credentials */
	const char *passphrase_file, *credentials;
	const char *invites[ARGS_INVITES_MAX];
	size_t invite_count;
	enum transport transport;
	const char *mqtt; /* where the broker is; NULL: not said */
	uint64_t after, before, last, since_ms; /* of what is read; 0: all */
	const char *words;			/* --search */
	const char *in;				/* --in: a session */
	const char *topic;    /* --topic of what is said or read */
	uint64_t reply, edit; /* numbers of messages; 0: none */
	uint64_t expires_s;   /* --expires; 0: never */
	const char *operands[3];
	size_t operand_count;
};

/* ERR_PEER_INVALID: usage, and `problem` says what is wrong. */
MUST_CHECK enum err args_parse(struct args *args, int argc, char *const *argv,
			       char problem[256]);

/* Fills what was not given from HERMETIC_SERVER, HERMETIC_USERNAME,
 * HERMETIC_HOME, HERMETIC_CA, HERMETIC_ALGORITHMS, HERMETIC_MQTT,
 * HERMETIC_SCRYPT_N, HERMETIC_STOCK, HERMETIC_PASSPHRASE_FILE and
 * CREDENTIALS_DIRECTORY. */
void args_environment(struct args *args);

/* VERB_COUNT: there is none of that name. */
enum verb args_find_verb(const char *name);

/* "read", or "" for VERB_CHAT. */
const char *args_verb_name(enum verb verb);

/* "all" or the number of an item, which --drop and the chat take. False: it is
 * neither. */
bool args_set_drop(struct args *args, const char *value);

/* All of it, or one verb's page. */
void args_help(enum verb verb, FILE *out);

#endif
