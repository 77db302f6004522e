/*
 * How a device comes into its account's log, and what a device of the log does for
 * others: it asks to be approved, approves, comes by the recovery key, or begins anew;
 * it removes devices and sets the recovery key. None of these asks a server: what they
 * decide stands in the own log (device/accounts/own_log.h) and is posted by ORDER_ACCOUNT.
 *
 * All of them return ERR_STATE_PENDING while an order runs, or while another link is
 * pending: ORDER_ACCOUNT posts that one. Where `why` is filled, it says what to do.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_APPROVAL_H
#define HERMETIC_DEVICE_ACCOUNTS_APPROVAL_H

#include "device/device.h"
#include "session/code.h"
#include "wire/approval.h"

/* A log as a server shows it, all of it. Borrowed. */
struct account_shown {
	struct span salt;
	const struct span *links;
	size_t count;
};

/* The number of this device in its account's log, as verified here; 0: it does not
 * stand there (yet). *recovery: the account has a recovery key. */
MUST_CHECK enum err device_number(struct device *device, uint64_t *number,
				  bool *recovery);

/* ---- a new device ---- */

/* Appends its request, and gives the code, which never leaves but by a person; both
 * are kept, and the same again for the same account. ERR_PEER_INVALID: what the
 * server shows is no log of this account. */
MUST_CHECK enum err device_ask_approval(struct device *device,
					const struct account_shown *shown,
					struct buf *request,
					char code[CODE_SIZE], struct why *why);

/* The answer of who has the code: the log becomes this device's own, and what was
 * handed over is known here. ERR_PEER_CRYPTO: nobody with the code has made it;
 * ERR_PEER_FORK: the log is not the one of the answer. Nothing has changed then. */
MUST_CHECK enum err device_take_approval(struct device *device,
					 struct span answer,
					 const struct account_shown *shown,
					 struct why *why);

/* handover.c: ["ID"…] of the sessions into which the approver brings this device; and
 * that nobody waits for them any more. */
MUST_CHECK enum err device_coming(struct device *device, struct buf *json);
MUST_CHECK enum err device_has_come(struct device *device);

/* By the recovery key: its link is pending then. Appends the request with which the
 * server ties it to this device. */
MUST_CHECK enum err device_recover(struct device *device,
				   const struct account_pair *recovery,
				   const struct account_shown *shown,
				   struct buf *request, struct why *why);

/* Another account under the same name, whose first link is pending then. */
MUST_CHECK enum err device_begin_anew(struct device *device);

/* ---- a device of the log ---- */

/* Makes the link that adds the device, unless it is there. ERR_PEER_CRYPTO without a
 * reason: the request was not made with this code, or was changed on the way.
 * ERR_PEER_FORK: its device was shown another log than this account's. */
MUST_CHECK enum err device_approve(struct device *device,
				   const struct sec *code, struct span request,
				   struct why *why);

/* Appends the answer, once the link stands in the verified log: ERR_STATE_GONE
 * before. *number: that device's. */
MUST_CHECK enum err device_answer_request(struct device *device,
					  const struct sec *code,
					  struct span request,
					  struct buf *answer, uint64_t *number);

/* ERR_STATE_GONE: no such device stands there. */
MUST_CHECK enum err device_remove_number(struct device *device, uint64_t number,
					 struct why *why);

/* Makes the link that closes the account for good, unless it is closed. */
MUST_CHECK enum err device_close_account(struct device *device,
					 struct why *why);
/* Is it, as the verified log says? */
MUST_CHECK enum err device_account_is_closed(struct device *device,
					     bool *closed);

/* Sets the recovery key; `old` (or NULL) is the one that stands. ERR_STATE_CONFLICT:
 * one stands and no old one was given, unless `unsigned_too`; ERR_PEER_INVALID: it is
 * another one. `try`: nothing is stored, so that the person can be shown the key
 * before it counts, and is shown none that does not. */
struct recovery_change {
	const struct account_pair *recovery, *old;
	bool unsigned_too, try;
};
MUST_CHECK enum err device_set_recovery(struct device *device,
					const struct recovery_change *change,
					struct why *why);

/* After a new recovery key was posted: ERR_STATE_CONFLICT: in the verified log another
 * one stands, or none, since another device was first. */
MUST_CHECK enum err device_recovery_stands(struct device *device,
					   struct span public_key,
					   struct why *why);

/* The numbers of the devices that stand in the verified log. */
MUST_CHECK enum err device_numbers(struct device *device,
				   uint64_t numbers[ACCOUNT_DEVICES_MAX],
				   size_t *count);

#endif
