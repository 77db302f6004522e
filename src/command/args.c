#include "command/args.h"

#include "base/clock.h"
#include "base/text.h"
#include "command/args_options.h"
#include "command/args_verbs.h"
#include "command/times.h"
#include "hermetic/hermetic.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *args_verb_name(enum verb verb)
{
	return args_verbs[verb].name;
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

bool args_set_drop(struct args *a, const char *value)
{
	a->drop = value;
	a->drop_item = HERMETIC_ALL_ITEMS;
	return strcmp(value, "all") == 0 ||
	       (text_parse_u64(&a->drop_item, span_str(value), INT64_MAX) ==
		    ERR_OK &&
		a->drop_item > 0);
}

static enum err set_drop(struct args *a, const char *value, char problem[256])
{
	if (!args_set_drop(a, value))
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

static enum err set_number(uint64_t *number, enum option option,
			   const char *value, char problem[256])
{
	if (text_parse_u64(number, span_str(value), INT64_MAX) != ERR_OK ||
	    (*number == 0 && option != OPT_AFTER))
		return usage(problem, "%s wants a number, not \"%s\".",
			     args_options[option].name, value);
	return ERR_OK;
}

static enum err set_expires(struct args *a, const char *value,
			    char problem[256])
{
	if (times_parse_seconds(value, UINT32_MAX, &a->expires_s))
		return ERR_OK;
	return usage(problem,
		     "--expires wants a time like 90s, 5m, 2h, 1d or 1w, not "
		     "\"%s\".",
		     value);
}

static enum err set_since(struct args *a, const char *value, char problem[256])
{
	if (times_parse_since(value, clock_now_ms(), &a->since_ms))
		return ERR_OK;
	return usage(problem,
		     "--since wants a day (2026-11-29), a time (\"2026-11-29 "
		     "18:00\", 18:00) or so long ago (2h, 1d), not \"%s\".",
		     value);
}

static enum err set_descriptor(struct args *a, const char *value,
			       char problem[256])
{
	uint64_t number;

	if (text_parse_u64(&number, span_str(value), INT_MAX) != ERR_OK)
		return usage(problem,
			     "--passphrase-fd wants the number of an open "
			     "descriptor, not \"%s\".",
			     value);
	a->passphrase_fd = (int)number;
	return ERR_OK;
}

static enum err set_time(struct args *a, const char *value, char problem[256])
{
	if (times_parse_seconds(value, 30 * 86400, &a->seconds))
		return ERR_OK;
	return usage(problem,
		     "--for wants a time as 90s, 30m, 8h or 7d, 30d at most, "
		     "not \"%s\".",
		     value);
}

/* Options without a value. */
static void set_flag(struct args *a, enum option option)
{
	bool *const flags[OPT_COUNT] = {
		[OPT_JSON] = &a->json,
		[OPT_NAMES] = &a->names,
		[OPT_OPEN] = &a->open,
		[OPT_VERIFIED_ONLY] = &a->verified_only,
		[OPT_ASK] = &a->ask,
		[OPT_TO_NEW_MEMBERS] = &a->to_new_members,
		[OPT_FLUSH] = &a->flush,
		[OPT_YES] = &a->yes,
		[OPT_END_OTHERS] = &a->end_others,
		[OPT_RECOVERY] = &a->recovery,
		[OPT_NO_RECOVERY] = &a->no_recovery,
		[OPT_BEGIN_ANEW] = &a->begin_anew,
		[OPT_REPLACE] = &a->replace,
		[OPT_FOLLOW] = &a->follow,
		[OPT_PLAIN] = &a->plain,
		[OPT_FOREGROUND] = &a->foreground,
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
		[OPT_SERVER] = &a->server,   [OPT_USERNAME] = &a->username,
		[OPT_HOME] = &a->home,	     [OPT_CA] = &a->ca,
		[OPT_DEVICE] = &a->device,   [OPT_ALGORITHM] = &a->algorithms,
		[OPT_NAME] = &a->name,	     [OPT_ID] = &a->key,
		[OPT_MQTT] = &a->mqtt,	     [OPT_FILE] = &a->file,
		[OPT_CAPTION] = &a->caption, [OPT_SEARCH] = &a->words,
		[OPT_IN] = &a->in,	     [OPT_TOPIC] = &a->topic,
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
		return set_number(&a->after, option, value, problem);
	if (option == OPT_REPLY)
		return set_number(&a->reply, option, value, problem);
	if (option == OPT_EDIT)
		return set_number(&a->edit, option, value, problem);
	if (option == OPT_BEFORE)
		return set_number(&a->before, option, value, problem);
	if (option == OPT_LAST)
		return set_number(&a->last, option, value, problem);
	if (option == OPT_SINCE)
		return set_since(a, value, problem);
	if (option == OPT_EXPIRES)
		return set_expires(a, value, problem);
	if (option == OPT_DROP)
		return set_drop(a, value, problem);
	if (option == OPT_FOR)
		return set_time(a, value, problem);
	if (option == OPT_PASSPHRASE_FD)
		return set_descriptor(a, value, problem);
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
		if (matches(args_options[i].name, text, n) ||
		    matches(args_options[i].alias, text, n))
			return (enum option)i;
	return OPT_COUNT;
}

enum verb args_find_verb(const char *name)
{
	for (unsigned i = VERB_CHAT + 1; i < VERB_COUNT; i++)
		if (strcmp(args_verbs[i].name, name) == 0)
			return (enum verb)i;
	return VERB_COUNT;
}

/* One option at argv[*at], its value included; *at ends at the last word. */
static enum err take_option(struct args *a, int argc, char *const *argv,
			    int *at, uint64_t *used, char problem[256])
{
	const char *text = argv[*at], *equals = strchr(text, '=');
	size_t n = equals != NULL ? (size_t)(equals - text) : strlen(text);
	enum option option = find_option(text, n);
	const char *value = NULL;

	if (option == OPT_COUNT)
		return usage(problem, "There is no option \"%s\".", text);
	if (args_options[option].value == NULL && equals != NULL)
		return usage(problem, "%s takes no value.",
			     args_options[option].name);
	if (args_options[option].value != NULL) {
		if (equals != NULL)
			value = equals + 1;
		else if (*at + 1 < argc)
			value = argv[++*at];
		if (value == NULL || value[0] == '\0')
			return usage(problem, "%s wants a value.",
				     args_options[option].name);
	}
	*used |= UINT64_C(1) << option;
	return apply(a, option, value, problem);
}

/* The first word without a dash is the verb, the others are operands. */
static enum err take_word(struct args *a, const char *word, char problem[256])
{
	if (a->verb == VERB_CHAT) {
		enum verb verb = args_find_verb(word);

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
	if (a->operand_count == args_verbs[a->verb].most)
		return usage(problem, "\"%s\" is one word too many.", word);
	a->operands[a->operand_count++] = word;
	return ERR_OK;
}

static enum err check_verb(const struct args *a, uint64_t used,
			   char problem[256])
{
	if (a->help || a->version)
		return ERR_OK;
	for (unsigned i = 0; i < OPT_COUNT; i++)
		if ((used & UINT64_C(1) << i) != 0 &&
		    (args_options[i].verbs & ONLY(a->verb)) == 0)
			return usage(
			    problem, "%s is not for %s.", args_options[i].name,
			    a->verb == VERB_CHAT ? "the chat"
						 : args_verbs[a->verb].name);
	if (a->verb == VERB_CHAT && a->transport == TRANSPORT_REST)
		return usage(problem, "The chat goes by ws or mqtt.");
	if (a->recovery && a->begin_anew)
		return usage(problem, "--recovery or --begin-anew, not both.");
	if (a->mqtt != NULL && a->transport != TRANSPORT_MQTT)
		return usage(problem, "--mqtt goes with --transport mqtt.");
	if (a->reply > 0 && a->edit > 0)
		return usage(problem, "--reply or --edit, not both.");
	if (a->topic != NULL && a->edit > 0)
		return usage(problem, "--topic or --edit, not both.");
	if ((a->words != NULL || a->topic != NULL || a->before > 0) &&
	    a->follow)
		return usage(problem, "--follow goes with none of --search, "
				      "--topic and --before.");
	if (a->drop != NULL && (a->operand_count == 0 || a->flush))
		return usage(problem, "--drop wants an ID, and no --flush.");
	if (a->caption != NULL && a->file == NULL)
		return usage(problem, "--caption goes with --file.");
	if (a->file != NULL && (a->operand_count != 1 || a->edit > 0))
		return usage(problem, "--file takes an ID, no TEXT and no "
				      "--edit.");
	if (a->verb == VERB_SEND && a->file == NULL && a->operand_count < 2)
		return usage(problem, "send wants: %s",
			     args_verbs[VERB_SEND].operands);
	if (a->operand_count < args_verbs[a->verb].least)
		return usage(problem, "%s wants: %s", args_verbs[a->verb].name,
			     args_verbs[a->verb].operands);
	return ERR_OK;
}

enum err args_parse(struct args *args, int argc, char *const *argv,
		    char problem[256])
{
	bool words_only = false;
	uint64_t used = 0;
	enum err e;

	memset(args, 0, sizeof(*args));
	args->passphrase_fd = -1;
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
	from_environment(&args->passphrase_file, "HERMETIC_PASSPHRASE_FILE");
	from_environment(&args->credentials, "CREDENTIALS_DIRECTORY");
	from_environment(&args->username, "HERMETIC_USERNAME");
	from_environment(&args->home, "HERMETIC_HOME");
	from_environment(&args->ca, "HERMETIC_CA");
	from_environment(&args->algorithms, "HERMETIC_ALGORITHMS");
	from_environment(&args->mqtt, "HERMETIC_MQTT");
	from_environment(&args->scrypt_n, "HERMETIC_SCRYPT_N");
	from_environment(&args->stock, "HERMETIC_STOCK");
	from_environment(&args->receipts, "HERMETIC_RECEIPTS");
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
		const struct option_row *o = &args_options[i];

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
		print_row(out, args_verbs[i].name, args_verbs[i].operands,
			  args_verbs[i].summary);
	(void)fputs("\nOptions of every command:\n", out);
	print_options(VERB_COUNT, out);
	(void)fprintf(
	    out,
	    "\nThe passphrase is asked for, or taken from "
	    "HERMETIC_PASSPHRASE\n(a new one: HERMETIC_NEW_PASSPHRASE), a "
	    "recovery key\nfrom HERMETIC_RECOVERY_KEY. For services it is the "
	    "first line of\n--passphrase-fd, of the file "
	    "HERMETIC_PASSPHRASE_FILE, or of systemd's\ncredential "
	    "\"passphrase\".\n"
	    "HERMETIC_SCRYPT_N (131072 if not set) is "
	    "the cost of guessing it,\nfixed when a state is made. "
	    "HERMETIC_STOCK (50) is how many\nKeyPackages of each algorithm "
	    "lie ready for those who invite you. "
	    "HERMETIC_RECEIPTS=off:\nno receipts, as account receipts off.\nAn "
	    "ID may be cut short "
	    "while it is unique, and a session's name stands for its ID.\n"
	    "Exit: 0 done, 1 refused, 2 wrong usage, 3 server not reached,\n"
	    "4 kept: it waits in the outbox.\n"
	    "\nExample:\n  %s\n\nMore: hermetic COMMAND --help\n",
	    args_verbs[VERB_CHAT].examples);
}

void args_help(enum verb verb, FILE *out)
{
	const struct verb_row *v = &args_verbs[verb];

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
