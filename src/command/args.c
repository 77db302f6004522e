#include "command/args.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct verb_row {
	const char *name, *operands, *summary;
	size_t least, most; /* operands */
	const char *more;   /* a paragraph, or NULL */
	const char *examples;
};

static const struct verb_row VERBS[VERB_COUNT] = {
	[VERB_CHAT] = { "", "", "chat interactively", 0, 0,
			"Registers or logs in as needed. Type /help inside.",
			"hermetic --username alice --server localhost:8000" },
	[VERB_REGISTER] = { "register", "",
			    "make an account and log this device in", 0, 0,
			    NULL,
			    "hermetic register --username alice --server "
			    "localhost:8000" },
	[VERB_LOGIN] = { "login", "", "log this device in", 0, 0,
			 "The server, the name and --ca are remembered: later "
			 "commands\n"
			 "need none of them.",
			 "hermetic login --username alice "
			 "--server localhost:8000" },
	[VERB_LOGOUT] = { "logout", "",
			  "end the login; what was received stays", 0, 0, NULL,
			  "hermetic logout" },
	[VERB_SESSIONS] = { "sessions", "", "list sessions and invitations", 0,
			    0, NULL,
			    "hermetic sessions\n  hermetic sessions --json" },
	[VERB_CREATE] = { "create", "", "start a session", 0, 0,
			  "The first algorithm of --algorithm that every "
			  "invited device\n"
			  "shares is chosen; every member checks the choice.",
			  "hermetic create --name lunch --invite bob\n"
			  "  hermetic create --algorithm twofish-256-gcm "
			  "--invite bob" },
	[VERB_JOIN] = { "join", "ID", "join a session one was invited to", 1, 1,
			NULL,
			"hermetic join 3f2a\n"
			"  hermetic join "
			"3f2a9c1e-0d5b-4c9e-9a3f-2b1f0c7d8e9a" },
	[VERB_INVITE] = { "invite", "ID USER",
			  "add a user's devices to a session", 2, 2, NULL,
			  "hermetic invite 3f2a carol" },
	[VERB_SEND] = { "send", "ID TEXT|-", "send a message", 2, 2,
			"With - the text is standard input.\n"
			"What cannot be sent now is kept in the outbox (exit "
			"code 4) and goes\n"
			"out with a later command.",
			"hermetic send 3f2a 'See you at noon'\n"
			"  git log -1 | hermetic send 3f2a -\n"
			"  hermetic send 3f2a -- --starts-with-dashes" },
	[VERB_READ] = { "read", "ID", "print messages", 1, 1, NULL,
			"hermetic read 3f2a\n"
			"  hermetic read 3f2a --after 12 --follow --json" },
	[VERB_MEMBERS] = { "members", "ID", "list the members", 1, 1, NULL,
			   "hermetic members 3f2a" },
	[VERB_SAFETY] = { "safety", "ID", "print the session's safety number",
			  1, 1,
			  "Two people who read each other the same number talk "
			  "to each\n"
			  "other, and to nobody in between.",
			  "hermetic safety 3f2a" },
	[VERB_ROTATE] = { "rotate", "ID", "replace the session's keys", 1, 1,
			  "Opens a new epoch with fresh keys of this device.",
			  "hermetic rotate 3f2a" },
	[VERB_REMOVE] = { "remove", "ID USER[/DEVICE]",
			  "remove a user, or one of his devices", 2, 2,
			  "Takes an admin or the owner; your own devices you "
			  "may always remove.",
			  "hermetic remove 3f2a carol" },
	[VERB_ROLE] = { "role", "ID USER ROLE",
			"make a user owner, admin or member", 3, 3,
			"For owners. The roles are part of what every member "
			"checks.",
			"hermetic role 3f2a bob admin" },
	[VERB_ALGORITHM] = { "algorithm", "ID NAME",
			     "move a session to another algorithm", 2, 2,
			     "For admins and owners. Every member comes along; "
			     "what was\n"
			     "read before stays readable.",
			     "hermetic algorithm 3f2a twofish-256-gcm" },
	[VERB_LEAVE] = { "leave", "ID", "leave a session with this device", 1,
			 1,
			 "What was read stays readable here. The next member "
			 "who is\n"
			 "there renews the keys.",
			 "hermetic leave 3f2a" },
	[VERB_OUTBOX] = { "outbox", "[ID]", "list what waits to be sent", 0, 1,
			  "Also what was refused for good. An item that is "
			  "dropped may\n"
			  "have been sent all the same, if its answer was "
			  "lost.",
			  "hermetic outbox\n  hermetic outbox --flush\n"
			  "  hermetic outbox 3f2a --drop 3" },
	[VERB_RESOLVE] = { "resolve", "ID", "go on with a stopped session", 1,
			   1,
			   "Shows what stopped it and who is in it. With --yes "
			   "this device goes\n"
			   "on from there: it joins again where it has lost "
			   "track.",
			   "hermetic resolve 3f2a\n"
			   "  hermetic resolve 3f2a --yes" },
	[VERB_ACCEPT] = { "accept", "USER",
			  "take what changed under a known name", 1, 1,
			  "Shows the keys that this device knows and those "
			  "that were delivered\n"
			  "since, and whether the server shows another "
			  "account under that name. With\n"
			  "--yes the new ones count from then on. Ask that "
			  "person first, by another\n"
			  "channel.",
			  "hermetic accept bob\n  hermetic accept bob --yes" },
	[VERB_DEVICES] = { "devices", "[USER]", "list a user's devices", 0, 1,
			   NULL, "hermetic devices\n  hermetic devices bob" },
	[VERB_LINK] = { "link", "",
			"bring your other devices into your sessions", 0, 0,
			"Run it on a device that is in the sessions, after you "
			"have\n"
			"logged in on the new one.",
			"hermetic link" },
	[VERB_REVOKE] = { "revoke", "DEVICE", "end another device of yours", 1,
			  1,
			  "It is logged out at once and removed from every "
			  "session.",
			  "hermetic revoke 7c1e" },
	[VERB_VERIFY] = { "verify", "USER", "compare numbers with somebody", 1,
			  1,
			  "Shows your number and theirs. When you have read "
			  "them to each other\n"
			  "and they are the same: --yes. They stay the same as "
			  "devices come and go.\n"
			  "They are about accounts; for the keys of a session "
			  "compare\n"
			  "hermetic safety ID.",
			  "hermetic verify bob\n  hermetic verify bob --yes" },
	[VERB_ACCOUNT] = { "account", "verify FILE|-",
			   "check an account's log in a file", 2, 2,
			   "The file is what GET /users/USER/log answers, its "
			   "pages one after\n"
			   "another. Every link is verified, without a server.",
			   "hermetic account verify alice.json" },
};

enum option {
	OPT_SERVER,
	OPT_USERNAME,
	OPT_HOME,
	OPT_CA,
	OPT_DEVICE,
	OPT_ALGORITHM,
	OPT_JSON,
	OPT_NAME,
	OPT_INVITE,
	OPT_OPEN,
	OPT_ID,
	OPT_TO_NEW_MEMBERS,
	OPT_FLUSH,
	OPT_DROP,
	OPT_YES,
	OPT_AFTER,
	OPT_FOLLOW,
	OPT_TRANSPORT,
	OPT_MQTT,
	OPT_HELP,
	OPT_VERSION,
	OPT_COUNT
};

#define ALL_VERBS (~0u)
#define ONLY(verb) (1u << (verb))
#define STREAMS (ONLY(VERB_CHAT) | ONLY(VERB_READ) | ONLY(VERB_SEND))
#define LOGINS (ONLY(VERB_CHAT) | ONLY(VERB_REGISTER) | ONLY(VERB_LOGIN))

struct option_row {
	const char *name, *alias, *value, *text;
	unsigned verbs; /* which take it */
};

static const struct option_row OPTIONS[OPT_COUNT] = {
	[OPT_SERVER] = { "--server", NULL, "HOST:PORT",
			 "or a URL (HERMETIC_SERVER); https unless it is this "
			 "machine",
			 ALL_VERBS },
	[OPT_USERNAME] = { "--username", NULL, "NAME",
			   "the account (HERMETIC_USERNAME)", ALL_VERBS },
	[OPT_HOME] = { "--home", NULL, "DIR",
		       "where the sealed state is (HERMETIC_HOME)", ALL_VERBS },
	[OPT_CA] = { "--ca", NULL, "FILE",
		     "certificates to trust, if not the system's "
		     "(HERMETIC_CA)",
		     ALL_VERBS },
	[OPT_DEVICE] = { "--device", NULL, "NAME",
			 "this device's name in the server's list", LOGINS },
	[OPT_ALGORITHM] = { "--algorithm", "--algorithms", "A[,B...]",
			    "in order of preference (HERMETIC_ALGORITHMS)",
			    LOGINS | ONLY(VERB_CREATE) },
	[OPT_JSON] = { "--json", NULL, NULL, "one JSON object per result line",
		       ALL_VERBS },
	[OPT_NAME] = { "--name", NULL, "NAME",
		       "the session's name, which only members see",
		       ONLY(VERB_CREATE) },
	[OPT_INVITE] = { "--invite", NULL, "USER", "may be repeated",
			 ONLY(VERB_CREATE) },
	[OPT_OPEN] = { "--open", NULL, NULL,
		       "whoever knows the session's id may join",
		       ONLY(VERB_CREATE) },
	[OPT_ID] = { "--id", NULL, "KEY",
		     "your own id of the text: sent once, however often you "
		     "try",
		     ONLY(VERB_SEND) },
	[OPT_TO_NEW_MEMBERS] = { "--to-new-members", NULL, NULL,
				 "send also to members who you have not seen "
				 "yet",
				 ONLY(VERB_SEND) },
	[OPT_FLUSH] = { "--flush", NULL, NULL, "try to send it now",
			ONLY(VERB_OUTBOX) },
	[OPT_DROP] = { "--drop", NULL, "ITEM|all", "forget it (with an ID)",
		       ONLY(VERB_OUTBOX) },
	[OPT_YES] = { "--yes", NULL, NULL, "you have looked at it: go on",
		      ONLY(VERB_RESOLVE) | ONLY(VERB_ACCEPT) |
			  ONLY(VERB_VERIFY) },
	[OPT_AFTER] = { "--after", NULL, "N", "only what came after number N",
			ONLY(VERB_READ) },
	[OPT_FOLLOW] = { "--follow", NULL, NULL, "wait for more until Ctrl-C",
			 ONLY(VERB_READ) },
	[OPT_TRANSPORT] = { "--transport", NULL, "rest|ws|mqtt",
			    "rest is send's default, ws that of the others",
			    STREAMS },
	[OPT_MQTT] = { "--mqtt", NULL, "HOST:PORT",
		       "or a URL: the broker (HERMETIC_MQTT); else the "
		       "server's host",
		       STREAMS },
	[OPT_HELP] = { "--help", "-h", NULL, "this", ALL_VERBS },
	[OPT_VERSION] = { "--version", NULL, NULL, "print the version",
			  ALL_VERBS },
};

const char *args_verb_name(enum verb verb)
{
	return VERBS[verb].name;
}

/* ---- parsing ---- */

__attribute__((format(printf, 2, 3))) static enum err usage(char problem[256],
							    const char *format,
							    ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(problem, 256, format, arguments);
	va_end(arguments);
	return ERR_PEER_INVALID;
}

static enum err set_transport(struct args *a, const char *value,
			      char problem[256])
{
	if (strcmp(value, "rest") == 0)
		a->transport = TRANSPORT_REST;
	else if (strcmp(value, "ws") == 0)
		a->transport = TRANSPORT_WS;
	else if (strcmp(value, "mqtt") == 0)
		a->transport = TRANSPORT_MQTT;
	else
		return usage(problem,
			     "--transport is rest, ws or mqtt, not \"%s\".",
			     value);
	return ERR_OK;
}

static enum err set_drop(struct args *a, const char *value, char problem[256])
{
	a->drop = value;
	if (strcmp(value, "all") == 0)
		return ERR_OK;
	if (text_parse_u64(&a->drop_item, span_str(value), INT64_MAX) !=
		ERR_OK ||
	    a->drop_item == 0)
		return usage(problem,
			     "--drop wants the number of an item or all, not "
			     "\"%s\".",
			     value);
	return ERR_OK;
}

static enum err add_invite(struct args *a, const char *value, char problem[256])
{
	if (a->invite_count == ARGS_INVITES_MAX)
		return usage(problem, "Too many --invite.");
	a->invites[a->invite_count++] = value;
	return ERR_OK;
}

static enum err set_after(struct args *a, const char *value, char problem[256])
{
	if (text_parse_u64(&a->after, span_str(value), INT64_MAX) != ERR_OK)
		return usage(problem, "--after wants a number, not \"%s\".",
			     value);
	return ERR_OK;
}

/* Options without a value. */
static void set_flag(struct args *a, enum option option)
{
	bool *const flags[OPT_COUNT] = {
		[OPT_JSON] = &a->json,
		[OPT_OPEN] = &a->open,
		[OPT_TO_NEW_MEMBERS] = &a->to_new_members,
		[OPT_FLUSH] = &a->flush,
		[OPT_YES] = &a->yes,
		[OPT_FOLLOW] = &a->follow,
		[OPT_HELP] = &a->help,
		[OPT_VERSION] = &a->version,
	};

	if (flags[option] != NULL)
		*flags[option] = true;
}

/* Options whose value is taken as it is; false for the others. */
static bool set_text(struct args *a, enum option option, const char *value)
{
	const char **const texts[OPT_COUNT] = {
		[OPT_SERVER] = &a->server, [OPT_USERNAME] = &a->username,
		[OPT_HOME] = &a->home,	   [OPT_CA] = &a->ca,
		[OPT_DEVICE] = &a->device, [OPT_ALGORITHM] = &a->algorithms,
		[OPT_NAME] = &a->name,	   [OPT_ID] = &a->key,
		[OPT_MQTT] = &a->mqtt,
	};

	if (texts[option] == NULL)
		return false;
	*texts[option] = value;
	return true;
}

static enum err apply(struct args *a, enum option option, const char *value,
		      char problem[256])
{
	if (option == OPT_TRANSPORT)
		return set_transport(a, value, problem);
	if (option == OPT_AFTER)
		return set_after(a, value, problem);
	if (option == OPT_DROP)
		return set_drop(a, value, problem);
	if (option == OPT_INVITE)
		return add_invite(a, value, problem);
	if (!set_text(a, option, value))
		set_flag(a, option);
	return ERR_OK;
}

static bool matches(const char *name, const char *text, size_t n)
{
	return name != NULL && span_equal(span_str(name), span_of(text, n));
}

static enum option find_option(const char *text, size_t n)
{
	for (unsigned i = 0; i < OPT_COUNT; i++)
		if (matches(OPTIONS[i].name, text, n) ||
		    matches(OPTIONS[i].alias, text, n))
			return (enum option)i;
	return OPT_COUNT;
}

static enum verb find_verb(const char *text)
{
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++)
		if (strcmp(VERBS[i].name, text) == 0)
			return (enum verb)i;
	return VERB_COUNT;
}

/* One option at argv[*at], its value included; *at ends at the last word. */
static enum err take_option(struct args *a, int argc, char *const *argv,
			    int *at, unsigned *used, char problem[256])
{
	const char *text = argv[*at], *equals = strchr(text, '=');
	size_t n = equals != NULL ? (size_t)(equals - text) : strlen(text);
	enum option option = find_option(text, n);
	const char *value = NULL;

	if (option == OPT_COUNT)
		return usage(problem, "There is no option \"%s\".", text);
	if (OPTIONS[option].value == NULL && equals != NULL)
		return usage(problem, "%s takes no value.",
			     OPTIONS[option].name);
	if (OPTIONS[option].value != NULL) {
		if (equals != NULL)
			value = equals + 1;
		else if (*at + 1 < argc)
			value = argv[++*at];
		if (value == NULL || value[0] == '\0')
			return usage(problem, "%s wants a value.",
				     OPTIONS[option].name);
	}
	*used |= 1u << option;
	return apply(a, option, value, problem);
}

/* The first word without a dash is the verb, the others are operands. */
static enum err take_word(struct args *a, const char *word, char problem[256])
{
	if (a->verb == VERB_CHAT) {
		enum verb verb = find_verb(word);

		if (strcmp(word, "help") == 0) {
			a->help = true;
			return ERR_OK;
		}
		if (verb == VERB_COUNT)
			return usage(problem, "There is no command \"%s\".",
				     word);
		a->verb = verb;
		return ERR_OK;
	}
	if (a->operand_count == VERBS[a->verb].most)
		return usage(problem, "\"%s\" is one word too many.", word);
	a->operands[a->operand_count++] = word;
	return ERR_OK;
}

static enum err check_verb(const struct args *a, unsigned used,
			   char problem[256])
{
	if (a->help || a->version)
		return ERR_OK;
	for (unsigned i = 0; i < OPT_COUNT; i++)
		if ((used & 1u << i) != 0 &&
		    (OPTIONS[i].verbs & ONLY(a->verb)) == 0)
			return usage(
			    problem, "%s is not for %s.", OPTIONS[i].name,
			    a->verb == VERB_CHAT ? "the chat"
						 : VERBS[a->verb].name);
	if (a->verb == VERB_CHAT && a->transport == TRANSPORT_REST)
		return usage(problem, "The chat goes by ws or mqtt.");
	if (a->mqtt != NULL && a->transport != TRANSPORT_MQTT)
		return usage(problem, "--mqtt goes with --transport mqtt.");
	if (a->drop != NULL && (a->operand_count == 0 || a->flush))
		return usage(problem, "--drop wants an ID, and no --flush.");
	if (a->operand_count < VERBS[a->verb].least)
		return usage(problem, "%s wants: %s", VERBS[a->verb].name,
			     VERBS[a->verb].operands);
	return ERR_OK;
}

enum err args_parse(struct args *args, int argc, char *const *argv,
		    char problem[256])
{
	bool words_only = false;
	unsigned used = 0;
	enum err e;

	memset(args, 0, sizeof(*args));
	problem[0] = '\0';
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (!words_only && strcmp(word, "--") == 0)
			words_only = true;
		else if (!words_only && word[0] == '-' && word[1] != '\0')
			TRY(take_option(args, argc, argv, &i, &used, problem));
		else
			TRY(take_word(args, word, problem));
	}
	e = check_verb(args, used, problem);
out:
	return e;
}

static void from_environment(const char **value, const char *name)
{
	const char *found = getenv(name);

	if (*value == NULL && found != NULL && found[0] != '\0')
		*value = found;
}

void args_environment(struct args *args)
{
	from_environment(&args->server, "HERMETIC_SERVER");
	from_environment(&args->username, "HERMETIC_USERNAME");
	from_environment(&args->home, "HERMETIC_HOME");
	from_environment(&args->ca, "HERMETIC_CA");
	from_environment(&args->algorithms, "HERMETIC_ALGORITHMS");
	from_environment(&args->mqtt, "HERMETIC_MQTT");
	from_environment(&args->scrypt_n, "HERMETIC_SCRYPT_N");
}

/* ---- help ---- */

/* One row of a two-column list. */
static void print_row(FILE *out, const char *name, const char *value,
		      const char *text)
{
	int width = fprintf(out, "  %s %s", name, value != NULL ? value : "");

	(void)fprintf(out, "%*s%s\n", width < 26 ? 26 - width : 1, "", text);
}

/* Those that `verb` takes; with VERB_COUNT those that every verb takes. */
static void print_options(enum verb verb, FILE *out)
{
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		const struct option_row *o = &OPTIONS[i];

		if (verb == VERB_COUNT ? o->verbs == ALL_VERBS
				       : (o->verbs & ONLY(verb)) != 0)
			print_row(out, o->name, o->value, o->text);
	}
}

static void print_overview(FILE *out)
{
	(void)fputs("hermetic: sealed messages. The server cannot read them.\n"
		    "\nUsage:\n  hermetic [OPTION]...              chat\n"
		    "  hermetic COMMAND [OPTION]...\n\nCommands:\n",
		    out);
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++)
		print_row(out, VERBS[i].name, VERBS[i].operands,
			  VERBS[i].summary);
	(void)fputs("\nOptions of every command:\n", out);
	print_options(VERB_COUNT, out);
	(void)fprintf(
	    out,
	    "\nThe passphrase is asked for, or taken from "
	    "HERMETIC_PASSPHRASE.\nHERMETIC_SCRYPT_N (131072 if not set) is "
	    "the cost of guessing it,\nfixed when a state is made.\nAn ID "
	    "may be cut short while it is "
	    "unique.\n"
	    "Exit: 0 done, 1 refused, 2 wrong usage, 3 server not reached,\n"
	    "4 kept: it waits in the outbox.\n"
	    "\nExample:\n  %s\n\nMore: hermetic COMMAND --help\n",
	    VERBS[VERB_CHAT].examples);
}

void args_help(enum verb verb, FILE *out)
{
	const struct verb_row *v = &VERBS[verb];

	if (verb == VERB_CHAT) {
		print_overview(out);
		return;
	}
	(void)fprintf(out, "hermetic %s%s%s: %s.\n", v->name,
		      v->operands[0] != '\0' ? " " : "", v->operands,
		      v->summary);
	if (v->more != NULL)
		(void)fprintf(out, "%s\n", v->more);
	(void)fputs("\nOptions:\n", out);
	print_options(verb, out);
	(void)fprintf(out, "\nExamples:\n  %s\n", v->examples);
}
