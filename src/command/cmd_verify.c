/* verify */
#include "command/cmd.h"

#include "command/out.h"

#include <string.h>

enum err cmd_check_name(struct cmd *cmd, const char *user)
{
	if (text_is_username(span_str(user)))
		return ERR_OK;
	return cmd_no(cmd, HERMETIC_USAGE, "username",
		      "\"%.40s\" is no user name.", user);
}

/* The digits, six groups a line. */
static void print_digits(const char *who, const json_t *person)
{
	const char *digits = out_member(person, "digits");
	size_t half = strlen(digits) / 2;

	out_line("%s", who);
	if (person == NULL)
		out_line("  has no account log yet");
	else
		out_line("  %.*s\n  %s", (int)half, digits, digits + half + 1);
	if (person != NULL)
		cmd_print_qr(digits);
}

static void print_trust(const char *user, const json_t *person)
{
	const char *compared = out_member(person, "compared");

	if (json_is_true(json_object_get(person, "closed")))
		out_line("%s has closed the account.", user);
	if (json_is_true(json_object_get(person, "forked")))
		out_line("There are two logs of %s's account that contradict "
			 "each other.",
			 user);
	if (strcmp(compared, "yes") == 0)
		out_line("You have compared %s's numbers.", user);
	else if (strcmp(compared, "changed") == 0)
		out_line("%s's account has changed since you compared the "
			 "numbers: compare them again.",
			 user);
	else
		out_line("You have not compared %s's numbers yet. When both of "
			 "you see the same ones: hermetic verify %s --yes",
			 user, user);
}

static void print_json(json_t *own, json_t *person)
{
	json_t *line = json_pack("{s:O?, s:O?}", "own", own, "person", person);

	out_json(line);
	json_decref(line);
}

static bool is_fork(const char *slug)
{
	return strcmp(slug, "account-forked") == 0 ||
	       strcmp(slug, "own-account-forked") == 0;
}

enum err cmd_read_log(struct cmd *cmd, const char *user, bool lift,
		      json_t **found)
{
	const struct hermetic_person *person;
	enum hermetic_result result = hermetic_verify(cmd->h, user, &person);
	enum err e = ERR_OK;

	*found = NULL;
	if (result == HERMETIC_GONE &&
	    strcmp(hermetic_slug(cmd->h), "no-account-log") == 0)
		goto out;
	TRY(cmd_did(cmd, result));
	if (person->why != NULL && !(lift && is_fork(person->slug)))
		TRY(reason_of_person(&cmd->why, person));
	*found = cmd_given(cmd);
	ENSURE(*found != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

/* A fork is lifted by the person's word for what is kept. */
static enum err meet(struct cmd *cmd, const char *user, json_t **found)
{
	enum err e;

	TRY(cmd_read_log(cmd, user, cmd->args->yes, found));
	if (!cmd->args->yes)
		goto out;
	TRY(cmd_did(cmd, hermetic_compared(cmd->h, user)));
	json_decref(*found);
	*found = NULL;
	TRY(cmd_person(cmd, user, found));
out:
	return e;
}

enum err cmd_verify(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	const char *me = hermetic_username(cmd->h);
	json_t *own = NULL, *person = NULL;
	enum err e;

	TRY(cmd_check_name(cmd, user));
	if (strcmp(user, me) == 0)
		TRY(cmd_read_log(cmd, me, false, &own));
	else
		TRY(meet(cmd, user, &person));
	if (own == NULL)
		TRY(cmd_person(cmd, me, &own));
	if (cmd->args->json) {
		print_json(own, person);
		goto out;
	}
	print_digits(me, own);
	if (person == NULL)
		goto out;
	print_digits(user, person);
	print_trust(user, person);
out:
	json_decref(own);
	json_decref(person);
	return e;
}
