/*
 * The end of an account at its server, and of what this machine keeps of it. The log
 * is closed before (device_close_account()), and the device has left its sessions.
 */
#ifndef HERMETIC_REACH_CLOSING_H
#define HERMETIC_REACH_CLOSING_H

#include "reach/account.h"

/* Was the server asked already? Then it may know nobody of that name any more. */
MUST_CHECK enum err closing_was_asked(struct account *a, bool *asked);

/* Has the server erase the account, by the password that this device has; then the
 * state goes, with its files. That the server does not know the account any more is
 * what is wanted, once it was asked. On failure the state is as it was, and the same
 * again goes on. */
MUST_CHECK enum err closing_erase(struct account *a);

#endif
