/* The verbs of the command. Each prints its result, and returns ERR_OK or leaves a reason
 * in cmd->why. */
#ifndef HERMETIC_COMMAND_CMD_H
#define HERMETIC_COMMAND_CMD_H

#include "base/buf.h"
#include "base/sec.h"
#include "base/text.h"
#include "base/uuid.h"
#include "command/args.h"
#include "command/reason.h"

#include <jansson.h>

/* What a verb works with. */
struct cmd {
	struct hermetic *h;
	struct buf home; /* a path with its NUL; empty: none */
	const struct args *args;
	struct reason why;     /* of the last failure; no success wipes it */
	struct buf passphrase; /* read when it is first needed */
	json_t *login;	       /* what the last one gave, or NULL */
	struct buf recovery;   /* the key as it was typed, and a NUL */
	bool chat;	       /* verbs are run by the chat */
	bool kept;	       /* what was to be sent waits: exit code 4 */
	char entered
	    [TEXT_UUID_SIZE]; /* the session that was come into; "": none */
};

/* What came of a call of the library, for who goes on by enum err (command/reason.h); its
 * reason is left in cmd->why. */
MUST_CHECK enum err cmd_did(struct cmd *cmd, enum hermetic_result result);

/* A refusal of the command's own. */
MUST_CHECK enum err cmd_no(struct cmd *cmd, enum hermetic_result result,
			   const char *slug, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What could not be written to standard output was not told: that is no success. */
MUST_CHECK enum err cmd_no_output(struct cmd *cmd);

/* A failure that is told later: the reason of now, in whose place another failure's would
 * come. The second one puts it back, and returns its `e`. */
struct cmd_failure {
	enum err e;
	struct reason why;
};
void cmd_keep(const struct cmd *cmd, enum err e, struct cmd_failure *kept);
MUST_CHECK enum err cmd_fail(struct cmd *cmd, const struct cmd_failure *kept);

/* What the last call gave (hermetic_json()): a new reference. NULL: nothing. */
json_t *cmd_given(struct cmd *cmd);

/* The session that a word means; the second one, the first operand at this device. */
MUST_CHECK enum err cmd_find_at(struct cmd *cmd, enum hermetic_where where,
				const char *word, char id[HERMETIC_ID_SIZE]);
MUST_CHECK enum err cmd_find(struct cmd *cmd, char id[HERMETIC_ID_SIZE]);

/* hermetic_verify(): a new reference to what is kept afterwards; NULL: nothing. What a person
 * has to look at is a failure; with `lift` two logs are none. */
MUST_CHECK enum err cmd_read_log(struct cmd *cmd, const char *user, bool lift,
				 json_t **found);

/* hermetic_json_person(): a new reference; NULL: nothing is kept of that account. */
MUST_CHECK enum err cmd_person(struct cmd *cmd, const char *user,
			       json_t **person);

/* An entry that is kept: a new reference. HERMETIC_GONE: nothing is kept of it. */
enum hermetic_result cmd_entry(struct cmd *cmd, const char *id, uint64_t number,
			       json_t **entry);

/* hermetic_json_session(): a new reference. */
MUST_CHECK enum err cmd_describe(struct cmd *cmd, const char *id,
				 json_t **session);

/* Runs the verb of cmd->args. */
MUST_CHECK enum err cmd_run(struct cmd *cmd);

/* Before anybody is logged in. */
MUST_CHECK enum err cmd_register(struct cmd *cmd);
MUST_CHECK enum err cmd_login(struct cmd *cmd);
/* Where a device is logged in, or was. */
MUST_CHECK enum err cmd_passphrase(struct cmd *cmd);

/* The handle has a home; the first one asks for the passphrase. */
MUST_CHECK enum err cmd_agent(struct cmd *cmd);
MUST_CHECK enum err cmd_lock(struct cmd *cmd);

/* Registers or logs in, in the way that the arguments say: a new device waits where another
 * one has to approve it. */
enum hermetic_result cmd_enter(struct cmd *cmd, bool is_new);

/* Appends the recovery key as typed, and a NUL: from the environment, which is wiped, or the
 * terminal. The caller clears it, also after a failure. */
#define CMD_RECOVERY_VARIABLE "HERMETIC_RECOVERY_KEY"
MUST_CHECK enum err cmd_ask_recovery(struct cmd *cmd, struct buf *typed);

/* Makes and shows one after registering, unless the person declines; and says later
 * that there is none. */
MUST_CHECK enum err cmd_offer_recovery(struct cmd *cmd);
void cmd_remind_recovery(struct cmd *cmd);

/* verify FILE: of a handle without a home. The others open the device themselves. */
MUST_CHECK enum err cmd_account(struct cmd *cmd);
bool cmd_account_is_own(const struct args *args); /* delete, log, settings */
MUST_CHECK enum err cmd_account_delete(struct cmd *cmd);
MUST_CHECK enum err cmd_account_setting(struct cmd *cmd);

/* cmd->h is open for all others. */
MUST_CHECK enum err cmd_logout(struct cmd *cmd);
MUST_CHECK enum err cmd_sessions(struct cmd *cmd);
MUST_CHECK enum err cmd_create(struct cmd *cmd);
MUST_CHECK enum err cmd_join(struct cmd *cmd);
MUST_CHECK enum err cmd_invite(struct cmd *cmd);
MUST_CHECK enum err cmd_send(struct cmd *cmd);
MUST_CHECK enum err cmd_send_file(struct cmd *cmd); /* with --file */
MUST_CHECK enum err cmd_save(struct cmd *cmd);
MUST_CHECK enum err cmd_react(struct cmd *cmd);
MUST_CHECK enum err cmd_rename(struct cmd *cmd);
MUST_CHECK enum err cmd_subject(struct cmd *cmd);
MUST_CHECK enum err cmd_picture(struct cmd *cmd);
MUST_CHECK enum err cmd_delete(struct cmd *cmd);
MUST_CHECK enum err cmd_read(struct cmd *cmd);
MUST_CHECK enum err cmd_search(struct cmd *cmd);
MUST_CHECK enum err cmd_members(struct cmd *cmd);
MUST_CHECK enum err cmd_safety(struct cmd *cmd);
MUST_CHECK enum err cmd_rotate(struct cmd *cmd);
MUST_CHECK enum err cmd_remove(struct cmd *cmd);
MUST_CHECK enum err cmd_role(struct cmd *cmd);
MUST_CHECK enum err cmd_ban(struct cmd *cmd);
MUST_CHECK enum err cmd_unban(struct cmd *cmd);
MUST_CHECK enum err cmd_uninvite(struct cmd *cmd);
MUST_CHECK enum err cmd_algorithm(struct cmd *cmd);
MUST_CHECK enum err cmd_upgrade(struct cmd *cmd);
MUST_CHECK enum err cmd_leave(struct cmd *cmd);
MUST_CHECK enum err cmd_outbox(struct cmd *cmd);
MUST_CHECK enum err cmd_resolve(struct cmd *cmd);
MUST_CHECK enum err cmd_accept(struct cmd *cmd);
MUST_CHECK enum err cmd_invitations(struct cmd *cmd);
MUST_CHECK enum err cmd_decline(struct cmd *cmd);
MUST_CHECK enum err cmd_block(struct cmd *cmd);
MUST_CHECK enum err cmd_unblock(struct cmd *cmd);
MUST_CHECK enum err cmd_devices(struct cmd *cmd);
MUST_CHECK enum err cmd_link(struct cmd *cmd);
MUST_CHECK enum err cmd_revoke(struct cmd *cmd);
MUST_CHECK enum err cmd_recovery(struct cmd *cmd);

/* accept ID: *found: there is a session to be joined, or in which we are, whose id
 * begins so. */
MUST_CHECK enum err cmd_find_invitation(struct cmd *cmd, const char *prefix,
					char id[TEXT_UUID_SIZE], bool *found);
MUST_CHECK enum err cmd_accept_invitation(struct cmd *cmd, const char *id);

/* devices approve [CODE], devices refuse DEVICE */
MUST_CHECK enum err cmd_approve(struct cmd *cmd);
MUST_CHECK enum err cmd_refuse(struct cmd *cmd);

/* As `link`; the device of that number has to be in each session afterwards. */
enum hermetic_result cmd_link_device(struct cmd *cmd, uint64_t number);

/* Does a device of this account wait to be approved, as far as the server says? False when it cannot be asked. */
bool cmd_someone_waits(struct cmd *cmd);
/* Is it a user name? */
MUST_CHECK enum err cmd_check_name(struct cmd *cmd, const char *user);
MUST_CHECK enum err cmd_verify(struct cmd *cmd);

/* What a verb says: with `key` and `to_new_members` as the arguments have them. */
struct hermetic_saying cmd_saying(const struct cmd *cmd, enum hermetic_act act);
/* The session that the first operand names, and the connection where one is wanted. */
MUST_CHECK enum err cmd_begin_saying(struct cmd *cmd,
				     char id[HERMETIC_ID_SIZE]);
/* Prints what came of it. */
MUST_CHECK enum err cmd_said(struct cmd *cmd, const char *id,
			     enum hermetic_result result,
			     const struct hermetic_sent *sent);
/* Ends it with a NUL, as the library takes a text. */
MUST_CHECK enum err cmd_end_text(struct cmd *cmd, struct buf *text);
/* Adds the ids of the sessions in which something waits; `id` NULL: of all. */
MUST_CHECK enum err cmd_waiting_sessions(struct cmd *cmd, const char *id,
					 json_t *ids);
MUST_CHECK enum err cmd_say_picture(struct cmd *cmd, struct span bytes);
/* The second operand: the number of a message. */
MUST_CHECK enum err cmd_read_number(struct cmd *cmd, uint64_t *number);

/* Prints a session that was changed, with the names of its members. The second
 * one is for who has come into it: its members were shown by that. */
MUST_CHECK enum err cmd_print_changed(struct cmd *cmd, const char *id,
				      const char *done);
MUST_CHECK enum err cmd_print_entered(struct cmd *cmd, const char *id,
				      const char *done);

/* As a QR code, where standard output is a terminal. */
void cmd_print_qr(const char *text);

/* What the session that view_session() gives is about, and that it has a picture. */
void cmd_print_room(const json_t *session);

/* The rows of hermetic_look(). `all`: there are no others. */
void cmd_print_sessions(const struct cmd *cmd, const json_t *list, bool all);

/* The members that view_session() gives. */
void cmd_print_members(const struct cmd *cmd, const json_t *session);

/* A row of the outbox; what an event says of one, or of the end of a membership. Other
 * events print nothing. */
void cmd_print_item(const struct cmd *cmd, const json_t *item);
void cmd_print_event(const struct cmd *cmd, const struct hermetic_event *event);

/* Says that what was to be sent waits, as item number `item`, and why. */
void cmd_print_kept(struct cmd *cmd, const char *id, uint64_t item,
		    const struct reason *why);

/* Logs in or registers as needed, then talks. */
MUST_CHECK enum err cmd_chat(struct cmd *cmd);

/* The passphrase, which is read when it is first needed. */
MUST_CHECK enum err cmd_need_passphrase(struct cmd *cmd, bool is_new);

/* The account is opened by an agent's keys, or with the passphrase. */
MUST_CHECK enum err cmd_open(struct cmd *cmd);

/* Makes the account if `is_new`, logs in and fills the stock of
 * KeyPackages. */
MUST_CHECK enum err cmd_log_in(struct cmd *cmd, bool is_new);

#endif
