/*
 * libhermetic: one's account, with its other devices, its recovery key, its end and its agent;
 * and other people: whose account a name means, and whom the person does not want to hear of.
 * Part of hermetic/hermetic.h, which says what holds of all these functions.
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
 * Since 0.6. A new device shows a code (struct hermetic_approval), which its person types at
 * a device that stands in the account. */

struct hermetic_own_device {
	const char *id, *name;
	uint64_t number; /* in the account's log; 0: none */
	bool own;	 /* it is this device */
	bool pending;	 /* it is not approved */
	bool waits;	 /* it asks to be approved now */
	bool ready;	 /* it has KeyPackages, so it can come into sessions */
	/* It is in the account's log, as verified here. The members above are the server's
	 * word. */
	bool stands;
};

enum hermetic_result hermetic_devices(
    struct hermetic *h, const struct hermetic_own_device *const **list,
    size_t *count);

/* Lets in the device that has asked with exactly this code. HERMETIC_REFUSED
 * ("code-mismatch"): the code was mistyped, or the server has changed the request. *number, if
 * `number` is not NULL: the device's. hermetic_link() then brings the device into sessions. */
enum hermetic_result hermetic_approve(struct hermetic *h, const char *code,
				      uint64_t *number);
/* Since 0.8. Whether a device asks to be approved, as the server says. This function makes one
 * request, where hermetic_devices() makes several. */
enum hermetic_result hermetic_someone_waits(struct hermetic *h, bool *waits);
/* Brings the account's other devices into the sessions of this one. `number` is the number of a
 * device that has to be in them afterwards, or 0; HERMETIC_LOOK ("not-ready") until that device
 * has seen that it was approved, some seconds as a rule. hermetic_json(): [{session_id,
 * devices, missing}…]; `missing` counts the devices that had no KeyPackages. */
enum hermetic_result hermetic_link(struct hermetic *h, uint64_t number);
/* Refuses a device that asks to be approved. `device` is its id, the beginning of its id, or its
 * name. */
enum hermetic_result hermetic_refuse(struct hermetic *h, const char *device);
/* Removes a device, named in the same way, from the account and from this device's sessions. */
enum hermetic_result hermetic_revoke(struct hermetic *h, const char *device);

/* ---- the recovery key ----
 *
 * Since 0.7. With it a new device comes into the account when no other device is left. */

/* hermetic_recovery_key() and hermetic_set_recovery_key() are given the same one, or NULL. */
struct hermetic_recovery {
	size_t size;
	const char *standing; /* the present key, which signs the new one */
	/* The person has lost the present key, and the new one takes its place without its
	 * signature: everybody who has compared this account's digits has to do so again. */
	bool replace;
};

/* Whether the account's log has a recovery key, as it is kept here. hermetic_json(): {number,
 * recovery}; `number` is this device's in the account's log, or 0: it has none. */
enum hermetic_result hermetic_has_recovery_key(struct hermetic *h, bool *has);
/* Makes a new key. It counts only after hermetic_set_recovery_key(), because a key that nobody
 * has written down would be worse than none. Borrowed until the next call of this function,
 * which wipes it. HERMETIC_CONFLICT ("recovery-key-stands"): the account has a key; give it as
 * `standing`, or set `replace`. */
enum hermetic_result hermetic_recovery_key(
    struct hermetic *h, const struct hermetic_recovery *recovery,
    const char **key);
/* Sets `key`, as the person has typed it. After HERMETIC_OK the verified log has it. */
enum hermetic_result hermetic_set_recovery_key(
    struct hermetic *h, const char *key,
    const struct hermetic_recovery *recovery);

/* Logs a new device in as hermetic_login() does, with the key, as the person has typed it, in
 * the place of another device's approval. HERMETIC_CONFLICT ("in-account"): this device is in
 * the account already. */
enum hermetic_result hermetic_recover(struct hermetic *h,
				      const char *recovery_key);
/* Logs in with neither: begins another account under the same name. The devices of people who
 * knew the earlier account tell these people so. */
enum hermetic_result hermetic_begin_anew(struct hermetic *h);

/* ---- the passphrase, and the end of an account ----
 *
 * Since 0.7. */

/* Changes the passphrase at the server and of the state, also of a state that is logged out.
 * Each other device of the account has to call this function, too. `end_others` ends the
 * logins of these devices. HERMETIC_PASSPHRASE: the server takes neither the old nor the new
 * passphrase, and nothing has changed. hermetic_json(): {username}. */
enum hermetic_result hermetic_change_passphrase(struct hermetic *h,
						const char *passphrase,
						bool end_others);

/* Ends the account for good: a signed link closes the account's log, its devices leave the
 * sessions of this device, the server erases the account, and the state in the folder is
 * deleted; the handle is not open any more. If the call is cut off at any step, the next call
 * goes on from there. hermetic_json(): [{session_id, left}…]; where `left` is false the devices
 * could not leave, and the session's members remove them once they have read the account's
 * log. */
enum hermetic_result hermetic_close_account(struct hermetic *h);
/* Whether an earlier call has asked the server to end the account. */
enum hermetic_result hermetic_closing(struct hermetic *h, bool *asked);

/* ---- the agent ----
 *
 * Since 0.8. An agent is a process that holds the keys of a state for a time. Meanwhile other
 * programs of the same user open the state without the passphrase and the cost of scrypt
 * (`agent` of struct hermetic_config). */

/* Takes the keys with the handle's passphrase, and listens in the folder; the handle must not
 * be open. hermetic_json(): {username}. HERMETIC_CONFLICT ("agent-runs"): another agent holds
 * them. The process may fork between this function and hermetic_agent_serve(). */
enum hermetic_result hermetic_agent_begin(struct hermetic *h);
/* Gives the keys to programs that ask, until so many seconds have passed (while the machine
 * sleeps, too), a program calls hermetic_lock(), or *stop is not 0, which a signal handler may
 * set. Then calls `over`, if that is not NULL, and wipes the keys; a program that has called
 * hermetic_lock() waits for both. */
enum hermetic_result hermetic_agent_serve(struct hermetic *h, uint64_t seconds,
					  const volatile sig_atomic_t *stop,
					  void (*over)(void *context),
					  void *context);
/* After fork(), in the process that does not serve: wipes its copy of the keys. */
void hermetic_agent_leave(struct hermetic *h);
/* Has the agent of the handle's folder wipe the keys and end. HERMETIC_GONE: there is no agent.
 * HERMETIC_LOCAL ("agent"): an agent is there that does not answer, and may still hold the
 * keys. */
enum hermetic_result hermetic_lock(struct hermetic *h);

/* ---- people ---- */

struct hermetic_person {
	const char *username;
	const char *digits; /* twelve groups of five, to be compared */
	enum hermetic_comparison compared;
	bool closed; /* the account was closed */
	bool forked; /* the account has two logs that contradict each other */
	/* The digits of another account that the server shows under that name, or NULL. */
	const char *other_digits;
	/* Since 0.6. The same account, for hermetic_accept(); or NULL. */
	const char *other_fingerprint;
	/* Since 0.8. If the server has just shown a second log or another account: a sentence
	 * about it, and the slug, "account-forked" or "identity-changed"; else NULL. */
	const char *why, *slug;
};

/* Reads and verifies the log of that user's account, which may be one's own. */
enum hermetic_result hermetic_verify(struct hermetic *h, const char *user,
				     const struct hermetic_person **person);
/* The person has compared the digits with that user. */
enum hermetic_result hermetic_compared(struct hermetic *h, const char *user);

/* Since 0.7. Whether nothing is sent to a session while one of its members is not compared;
 * false until it is set. It holds for all sessions; `verified_only` of struct
 * hermetic_creation holds for one. */
enum hermetic_result hermetic_verified_only(struct hermetic *h, bool *on);
enum hermetic_result hermetic_set_verified_only(struct hermetic *h, bool on);

/* Since 0.6. The person was shown the other account's digits, and says that the name means
 * this account. HERMETIC_GONE: the server has shown no other account; HERMETIC_CONFLICT: it has
 * shown a third account since. */
enum hermetic_result hermetic_accept(struct hermetic *h, const char *user,
				     const char *fingerprint);

/* Since 0.7. A device for which the server offers another key than the known one. Nothing
 * is sealed for that device, and it is not invited. */
struct hermetic_key_change {
	const char *username, *device;
	const char *scheme;	     /* of the key's signatures */
	const char *known, *offered; /* fingerprints, as hexadecimal digits */
};

enum hermetic_result hermetic_key_changes(
    struct hermetic *h, const char *user,
    const struct hermetic_key_change *const **list, size_t *count);
/* Since 0.7. The person was shown these `offered` keys, and takes them in the place of the
 * known ones. *accepted, if `accepted` is not NULL: how many were taken. */
enum hermetic_result hermetic_accept_keys(struct hermetic *h, const char *user,
					  const char *const *offered,
					  size_t count, size_t *accepted);

/* ---- whom one does not want to hear of ----
 *
 * Since 0.6. */

struct hermetic_blocked {
	const char *username;
	const char *fingerprint; /* of the account; NULL: none was known */
	/* This device has blocked the user; false: another device of the account has, as the
	 * server says. */
	bool here;
};

enum hermetic_result hermetic_blocks(
    struct hermetic *h, const struct hermetic_blocked *const **list,
    size_t *count);
/* From now on this device neither tells nor accepts an invitation by that user, and the server
 * answers that user as if this account did not exist. *known, if `known` is not NULL: whether the server shows
 * somebody of that name. */
enum hermetic_result hermetic_block(struct hermetic *h, const char *user,
				    bool *known);
enum hermetic_result hermetic_unblock(struct hermetic *h, const char *user);

/* Since 0.6. Declines the invitation to that session; if this device was added, it leaves the
 * session. */
enum hermetic_result hermetic_decline(struct hermetic *h, const char *session);

/* ---- what the device knows, as JSON ----
 *
 * Since 0.7. The same JSON as the command prints with --json: docs/state.md and docs/client.md
 * say which members it has, and later versions add some. For an entry it is `json` of its event.
 * Borrowed until the next call of any function of this part or of the next one. */

/* {session_id, name?, algorithm, epoch, state, members: [{username, device_id, role…}…],
 * invited?, banned?…} */
enum hermetic_result hermetic_json_session(struct hermetic *h,
					   const char *session,
					   const char **json);
/* [{item, session_id, text, state, queued_at…}…]; `session` NULL: of all sessions. */
enum hermetic_result hermetic_json_outbox(struct hermetic *h,
					  const char *session,
					  const char **json);
/* {username, fingerprint, digits, compared, closed, forked…} of what is kept here:
 * hermetic_verify() reads the log first. */
enum hermetic_result hermetic_json_person(struct hermetic *h, const char *user,
					  const char **json);

/* ---- logs of accounts ----
 *
 * Since 0.7. Everybody who may know an account may read its log, so a program can keep the log
 * and look at it elsewhere. */

/* The log of that user's account (`user` NULL: one's own) as the server gives it: each page is
 * a JSON text and a line feed. Nothing of it was verified. */
enum hermetic_result hermetic_account_log(struct hermetic *h, const char *user,
					  const char **pages);
/* Verifies such pages, `size` bytes, without a server and without a device: the handle need
 * not be open. *json: {fingerprint, number, hash, devices: [{device, signer,
 * removed?}…], recovery, changed, closed, username?}. HERMETIC_REFUSED ("no-account-log",
 * "link-invalid", "another-name"). */
enum hermetic_result hermetic_check_log(struct hermetic *h, const char *pages,
					size_t size, const char **json);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
