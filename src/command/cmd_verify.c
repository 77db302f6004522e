/* verify, accept */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/drive.h"

#include <string.h>

static enum err check_name(struct cmd *cmd, const char *user)
{
	if (account_name_is_sane(user))
		return ERR_OK;
	return why_set(&cmd->a.why, ERR_PEER_INVALID, "username",
		       "\"%.40s\" is no user name.", user);
}

/* *person: a new reference; NULL where nothing is kept of that account. */
static enum err get_person(struct cmd *cmd, const char *user, json_t **person)
{
	struct buf text = BUF_INIT;
	enum err e = device_person(cmd->a.device, user, &text);

	*person = NULL;
	if (e == ERR_OK) {
		*person = json_loadb((const char *)text.p, text.n, 0, NULL);
		e = *person != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
	}
	buf_clear(&text);
	return e == ERR_STATE_GONE ? ERR_OK : e;
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
}

static void print_trust(const char *user, const json_t *person)
{
	const char *compared = out_member(person, "compared");

	if (json_is_true(json_object_get(person, "forked")))
		out_line("There are two logs of %s's account that contradict "
			 "each other.",
			 user);
	if (strcmp(compared, "yes") == 0)
		out_line("You have compared %s's numbers before.", user);
	else if (strcmp(compared, "changed") == 0)
		out_line("%s's account has changed since you compared the "
			 "numbers: compare them again.",
			 user);
	else
		out_line("You have not compared %s's numbers yet. When both of "
			 "you see the same ones: hermetic verify %s --yes",
			 user, user);
}

static enum err show(struct cmd *cmd, const char *user)
{
	json_t *own = NULL, *person = NULL, *line;
	enum err e;

	TRY(get_person(cmd, cmd->a.username, &own));
	if (strcmp(user, cmd->a.username) != 0)
		TRY(get_person(cmd, user, &person));
	if (cmd->args->json) {
		line = json_pack("{s:O?, s:O?}", "own", own, "person", person);
		out_json(line);
		json_decref(line);
		goto out;
	}
	print_digits(cmd->a.username, own);
	if (person == NULL)
		goto out;
	print_digits(user, person);
	print_trust(user, person);
out:
	json_decref(own);
	json_decref(person);
	return e;
}

/* A fork is lifted by the person's word for what is kept. */
static enum err meet(struct cmd *cmd, const char *user)
{
	const struct order order = { .kind = ORDER_MEET,
				     .users = &user,
				     .user_count = 1 };
	enum err e = drive_order(&cmd->a, &order, NULL);

	if (!cmd->args->yes)
		return e;
	if (strcmp(cmd->a.why.slug, "account-forked") == 0) {
		why_clear(&cmd->a.why);
		e = ERR_OK;
	}
	TRY(e);
	TRY(device_compared(cmd->a.device, user));
out:
	return e;
}

enum err cmd_verify(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	enum err e;

	TRY(check_name(cmd, user));
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	if (strcmp(user, cmd->a.username) != 0)
		TRY(meet(cmd, user));
	TRY(show(cmd, user));
out:
	return e;
}

enum err cmd_accept(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	json_t *line;
	enum err e;

	TRY(check_name(cmd, user));
	e = device_accept(cmd->a.device, user);
	if (e == ERR_STATE_GONE)
		e = why_set(&cmd->a.why, e, "nothing-to-accept",
			    "No other account was seen under the name %s.",
			    user);
	TRY(e);
	if (!cmd->args->json) {
		out_line("%s is the account now that the server shows by that "
			 "name. Compare the numbers: hermetic verify %s",
			 user, user);
		goto out;
	}
	line = json_pack("{s:s, s:b}", "username", user, "accepted", 1);
	out_json(line);
	json_decref(line);
out:
	return e;
}
