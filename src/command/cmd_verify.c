/* verify */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <string.h>

enum err cmd_check_name(struct cmd *cmd, const char *user)
{
	if (text_is_username(span_str(user)))
		return ERR_OK;
	return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "username",
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

static enum err show(struct cmd *cmd, const char *user)
{
	json_t *own = NULL, *person = NULL, *line;
	enum err e;

	TRY(view_person(&cmd->h->a, cmd->h->a.username, &own));
	if (strcmp(user, cmd->h->a.username) != 0)
		TRY(view_person(&cmd->h->a, user, &person));
	if (cmd->args->json) {
		line = json_pack("{s:O?, s:O?}", "own", own, "person", person);
		out_json(line);
		json_decref(line);
		goto out;
	}
	print_digits(cmd->h->a.username, own);
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
	enum err e = drive_order(&cmd->h->a, &order, NULL);

	if (e == ERR_STATE_GONE && view_is_closed(&cmd->h->a, user)) {
		why_clear(&cmd->h->a.why);
		e = ERR_OK;
	}
	if (!cmd->args->yes)
		return e;
	if (e == ERR_PEER_FORK &&
	    strcmp(cmd->h->a.why.slug, "account-forked") == 0) {
		why_clear(&cmd->h->a.why);
		e = ERR_OK;
	}
	TRY(e);
	TRY(device_compared(cmd->h->a.device, user));
out:
	return e;
}

enum err cmd_verify(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	enum err e;

	TRY(cmd_check_name(cmd, user));
	TRY(drive_session(&cmd->h->a, ORDER_ACCOUNT, NULL));
	if (strcmp(user, cmd->h->a.username) != 0)
		TRY(meet(cmd, user));
	TRY(show(cmd, user));
out:
	return e;
}
