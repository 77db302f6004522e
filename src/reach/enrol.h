/*
 * How this device comes into its account's log, with the server in between
 * (device/accounts/approval.h says what is believed of it): approved by another device, by a typed
 * recovery key, or as the first device of an account that begins anew.
 */
#ifndef HERMETIC_REACH_ENROL_H
#define HERMETIC_REACH_ENROL_H

#include "device/accounts/approval.h"
#include "reach/account.h"

/* Whether this device stands in its account's log, as the device has verified it: the
 * log is read first. *needed: there is a log, and it does not. */
MUST_CHECK enum err enrol_is_needed(struct account *a, bool *needed);

/* For who comes in without another device: ERR_STATE_CONFLICT ("in-account"): it stands
 * there, or there is no log yet. */
MUST_CHECK enum err enrol_must_be_needed(struct account *a);

/* Asks for approval; `show` is given the code, once. Then waits until another device
 * has answered: for good, with ERR_PEER_DENIED when it was refused. */
MUST_CHECK enum err enrol_by_approval(struct account *a,
				      void (*show)(void *context,
						   const char *code),
				      void *context);

/* Adds this device with the recovery key, as a person has typed it. */
MUST_CHECK enum err enrol_by_recovery(struct account *a, const char *typed);

/* Another account under the same name, of which this is the first device. */
MUST_CHECK enum err enrol_anew(struct account *a);

#endif
