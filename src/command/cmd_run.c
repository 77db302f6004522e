/* What does each verb. */
#include "command/cmd.h"

static enum err (*const RUN[VERB_COUNT])(struct cmd *) = {
	[VERB_CHAT] = cmd_chat,		[VERB_REGISTER] = cmd_register,
	[VERB_LOGIN] = cmd_login,	[VERB_LOGOUT] = cmd_logout,
	[VERB_SESSIONS] = cmd_sessions, [VERB_CREATE] = cmd_create,
	[VERB_JOIN] = cmd_join,		[VERB_INVITE] = cmd_invite,
	[VERB_SEND] = cmd_send,		[VERB_REACT] = cmd_react,
	[VERB_DELETE] = cmd_delete,	[VERB_SAVE] = cmd_save,
	[VERB_READ] = cmd_read,		[VERB_SEARCH] = cmd_search,
	[VERB_MEMBERS] = cmd_members,	[VERB_SAFETY] = cmd_safety,
	[VERB_ROTATE] = cmd_rotate,	[VERB_REMOVE] = cmd_remove,
	[VERB_ROLE] = cmd_role,		[VERB_ALGORITHM] = cmd_algorithm,
	[VERB_LEAVE] = cmd_leave,	[VERB_OUTBOX] = cmd_outbox,
	[VERB_RESOLVE] = cmd_resolve,	[VERB_ACCEPT] = cmd_accept,
	[VERB_DEVICES] = cmd_devices,	[VERB_LINK] = cmd_link,
	[VERB_REVOKE] = cmd_revoke,	[VERB_PASSPHRASE] = cmd_passphrase,
	[VERB_RECOVERY] = cmd_recovery, [VERB_VERIFY] = cmd_verify,
	[VERB_ACCOUNT] = cmd_account,	[VERB_INVITATIONS] = cmd_invitations,
	[VERB_DECLINE] = cmd_decline,	[VERB_BLOCK] = cmd_block,
	[VERB_UNBLOCK] = cmd_unblock,	[VERB_BAN] = cmd_ban,
	[VERB_UNBAN] = cmd_unban,	[VERB_AGENT] = cmd_agent,
	[VERB_LOCK] = cmd_lock,		[VERB_RENAME] = cmd_rename,
	[VERB_UPGRADE] = cmd_upgrade,	[VERB_UNINVITE] = cmd_uninvite,
	[VERB_SUBJECT] = cmd_subject,	[VERB_PICTURE] = cmd_picture,
};

enum err cmd_run(struct cmd *cmd)
{
	return RUN[cmd->args->verb](cmd);
}
