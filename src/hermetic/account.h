/*
 * libhermetic: one's account, whose other devices are let in and ended here, and other
 * people: whose account a name means, and whom one does not want to hear of. Part of
 * hermetic/hermetic.h, which says what holds of all these functions.
 */
#ifndef HERMETIC_HERMETIC_ACCOUNT_H
#define HERMETIC_HERMETIC_ACCOUNT_H

#include "hermetic/hermetic.h"

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- one's devices ----
 *
 * Since 0.6. A new device shows a code (struct hermetic_approval), which its person brings
 * to one that stands in the account. */

struct hermetic_own_device {
	const char *id, *name;
	uint64_t number; /* in the account's log; 0: none */
	bool own;	 /* this one */
	bool pending;	 /* is not approved */
	bool waits;	 /* asks to be approved now */
	bool ready;	 /* has KeyPackages, so it can come into sessions */
	bool
	    stands; /* in the log, as verified here; all else the server says */
};

enum hermetic_result hermetic_devices(
    struct hermetic *h, const struct hermetic_own_device *const **list,
    size_t *count);

/* Lets in the device that has asked with this code, and with no other one:
 * HERMETIC_REFUSED ("code-mismatch"): it was mistyped, or the server has changed what was
 * asked. *number, or NULL: that device's. Then hermetic_link() brings it into sessions. */
enum hermetic_result hermetic_approve(struct hermetic *h, const char *code,
				      uint64_t *number);
/* Since 0.8. Does one ask to be approved, as the server says? One request, where
 * hermetic_devices() takes several. */
enum hermetic_result hermetic_someone_waits(struct hermetic *h, bool *waits);
/* One's other devices come into one's sessions. `number` is that of one which has to be in
 * afterwards, or 0: HERMETIC_LOOK ("not-ready") until it has seen that it was approved,
 * some seconds as a rule. hermetic_json(): [{session_id, devices, missing}…]; `missing`: so
 * many had no KeyPackages. */
enum hermetic_result hermetic_link(struct hermetic *h, uint64_t number);
/* By its id, the beginning of that, or its name: one that asks is not let in. */
enum hermetic_result hermetic_refuse(struct hermetic *h, const char *device);
/* The same: one that stands in the account is ended, there and in one's sessions. */
enum hermetic_result hermetic_revoke(struct hermetic *h, const char *device);

/* ---- the recovery key ----
 *
 * Since 0.7. It adds a device where no other one is left. */

/* Of hermetic_recovery_key() and of hermetic_set_recovery_key() alike, or NULL. */
struct hermetic_recovery {
	size_t size;
	const char *standing; /* the key that stands signs the new one */
	/* Without the one that stands: everybody who has compared this account's digits
	 * has to do it again. */
	bool replace;
};

/* Whether one stands in the log, as it is kept here. hermetic_json(): {number, recovery};
 * `number`: this device's in the account's log, 0: none. */
enum hermetic_result hermetic_has_recovery_key(struct hermetic *h, bool *has);
/* A new one, which counts only once it is set: a key that nobody has written down would be
 * worse than none. Borrowed until the next call of this function; it is wiped then.
 * HERMETIC_CONFLICT ("recovery-key-stands"): say which one, or `replace`. */
enum hermetic_result hermetic_recovery_key(
    struct hermetic *h, const struct hermetic_recovery *recovery,
    const char **key);
/* `key` as the person has typed it: it stands in the verified log afterwards. */
enum hermetic_result hermetic_set_recovery_key(
    struct hermetic *h, const char *key,
    const struct hermetic_recovery *recovery);

/* As hermetic_login(), of a new device, with the key as it was typed in the place of another
 * device's approval. HERMETIC_CONFLICT ("in-account"): it needs none. */
enum hermetic_result hermetic_recover(struct hermetic *h,
				      const char *recovery_key);
/* The same without any: another account under the same name. Everybody who knew the one
 * before is told so. */
enum hermetic_result hermetic_begin_anew(struct hermetic *h);

/* ---- the passphrase, and the end of an account ----
 *
 * Since 0.7. */

/* At the server and of the state; also of a state that is logged out. The other devices of
 * the account are given it the same way. `end_others`: their logins end. HERMETIC_PASSPHRASE:
 * the server knows neither one, and nothing has changed. hermetic_json(): {username}. */
enum hermetic_result hermetic_change_passphrase(struct hermetic *h,
						const char *passphrase,
						bool end_others);

/* Ends the account for good: a signed link closes its log, its devices leave the sessions of
 * this one, the server erases it, and the state of this device goes; the handle is not open
 * any more. Cut off at any step, the next call goes on. hermetic_json(): [{session_id,
 * left}…]; not `left`: no departure could be made, and its members remove this account's
 * devices once they have read its log. */
enum hermetic_result hermetic_close_account(struct hermetic *h);
/* Whether a call before has asked the server for it. */
enum hermetic_result hermetic_closing(struct hermetic *h, bool *asked);

/* ---- the agent ----
 *
 * Since 0.8. A process that holds the keys of a state for a time: other programs of the same
 * user open it meanwhile without the passphrase and its cost (`agent` of struct
 * hermetic_config). */

/* Takes the keys, for which the handle is not open and has the passphrase, and listens in the
 * folder. hermetic_json(): {username}. HERMETIC_CONFLICT ("agent-runs"): another one holds
 * them. A process may fork between this function and the next one. */
enum hermetic_result hermetic_agent_begin(struct hermetic *h);
/* Gives them to who asks until so many seconds have passed, sleep of the machine included,
 * hermetic_lock() is called by any program, or *stop is not 0, which a handler of a signal may
 * set. Then they are wiped. */
enum hermetic_result hermetic_agent_serve(struct hermetic *h, uint64_t seconds,
					  const volatile sig_atomic_t *stop);
/* After fork(), in the process that does not serve: it has the keys no more. */
void hermetic_agent_leave(struct hermetic *h);
/* The agent of the handle's folder wipes the keys and ends. HERMETIC_GONE: there is none.
 * HERMETIC_LOCAL ("agent"): one is there that cannot be asked, and may hold them still. */
enum hermetic_result hermetic_lock(struct hermetic *h);

/* ---- people ---- */

struct hermetic_person {
	const char *username;
	const char *digits; /* twelve groups of five, to be compared */
	enum hermetic_comparison compared;
	bool closed; /* the account was */
	bool forked; /* there are two logs of it that contradict each other */
	/* The server shows another account under that name: its digits, or NULL. */
	const char *other_digits;
	const char
	    *other_fingerprint; /* since 0.6: the same for hermetic_accept() */
	/* Since 0.8. NULL; or a sentence about two logs or another account that the server
	 * has shown just now, and its word for programs: "account-forked",
	 * "identity-changed". */
	const char *why, *slug;
};

/* Reads that account's log, and verifies it; of one's own name, one's own. */
enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person);
/* A person has compared the digits with that person. */
enum hermetic_result hermetic_compared(struct hermetic *h, const char *user);

/* Since 0.7. Nothing is sent while a member of the session is not compared; false until it is
 * set. It is one for all sessions, beside what struct hermetic_creation says of one. */
enum hermetic_result hermetic_verified_only(struct hermetic *h, bool *on);
enum hermetic_result hermetic_set_verified_only(struct hermetic *h, bool on);

/* Since 0.6. The person was shown the other account's digits, and says that the name is
 * meant for it. HERMETIC_GONE: there is none; HERMETIC_CONFLICT: the server has shown yet
 * another one since. */
enum hermetic_result hermetic_accept(struct hermetic *h, const char *user,
				     const char *fingerprint);

/* Since 0.7. A device of that user for which another key was offered than the known one.
 * Nothing is sealed for it, and it is not invited. */
struct hermetic_key_change {
	const char *username, *device;
	const char *scheme;	     /* of signatures */
	const char *known, *offered; /* fingerprints, as hexadecimal digits */
};

enum hermetic_result hermetic_key_changes(
    struct hermetic *h, const char *user,
    const struct hermetic_key_change *const **list, size_t *count);
/* Since 0.7. The person was shown these `offered` keys, and takes them in the place of the
 * known ones. *accepted, or NULL, counts them. */
enum hermetic_result hermetic_accept_keys(struct hermetic *h, const char *user,
					  const char *const *offered,
					  size_t count, size_t *accepted);

/* ---- whom one does not want to hear of ----
 *
 * Since 0.6. */

struct hermetic_blocked {
	const char *username;
	const char *fingerprint; /* of the account; NULL: none was known */
	bool
	    here; /* false: another device of the account has, says the server */
};

enum hermetic_result hermetic_blocks(
    struct hermetic *h, const struct hermetic_blocked *const **list,
    size_t *count);
/* No invitation of that user is told or taken, and the server answers that user as if this
 * account were not there. *known, or NULL: the server shows somebody of that name. */
enum hermetic_result hermetic_block(struct hermetic *h, const char *user,
				    bool *known);
enum hermetic_result hermetic_unblock(struct hermetic *h, const char *user);

/* Since 0.6. The invitation into that session is not taken; a device that was added leaves
 * it. */
enum hermetic_result hermetic_decline(struct hermetic *h, const char *session);

/* ---- what the device knows, as JSON ----
 *
 * Since 0.7. What the command prints with --json: docs/state.md and docs/client.md have the
 * members, and later versions add some. Of an entry it is `json` of its event. Borrowed until
 * the next call of any function of this part and the next one. */

/* {session_id, name?, algorithm, epoch, state, members: [{username, device_id, role…}…],
 * invited?, banned?…} */
enum hermetic_result hermetic_json_session(struct hermetic *h,
					   const char *session,
					   const char **json);
/* [{item, session_id, text, state, queued_at…}…]; `session` NULL: of all sessions. */
enum hermetic_result hermetic_json_outbox(struct hermetic *h,
					  const char *session,
					  const char **json);
/* {username, fingerprint, digits, compared, closed, forked…}, as it is kept here:
 * hermetic_verify() reads the log. */
enum hermetic_result hermetic_json_person(struct hermetic *h, const char *user,
					  const char **json);

/* ---- logs of accounts ----
 *
 * Since 0.7. The log of an account is public to who may know that account, so it can be kept
 * and looked at elsewhere. */

/* What the server says that it is, a JSON text of each page and the end of a line; NULL: one's
 * own. Nothing of it was verified. */
enum hermetic_result hermetic_account_log(struct hermetic *h, const char *user,
					  const char **pages);
/* Verifies such pages, `size` bytes, without a server, and without a device: the handle does
 * not have to be open. *json: {fingerprint, number, hash, devices: [{device, signer,
 * removed?}…], recovery, changed, closed, username?}. HERMETIC_REFUSED ("no-account-log",
 * "link-invalid", "another-name"). */
enum hermetic_result hermetic_check_log(struct hermetic *h, const char *pages,
					size_t size, const char **json);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
