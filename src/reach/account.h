/*
 * One device of one account, as this machine has it: where its server is, who
 * it is there, its tokens, its sealed state, and the device itself
 * (device/device.h) over that state. One home holds one device.
 *
 * The passphrase never leaves: the server is given a password that is derived
 * from it (docs/protocol.md, "The client's secrets"), and the state is sealed
 * under a key of its own.
 */
#ifndef HERMETIC_REACH_ACCOUNT_H
#define HERMETIC_REACH_ACCOUNT_H

#include "base/text.h"
#include "base/uuid.h"
#include "device/device.h"
#include "reach/api.h"
#include "reach/state.h"

struct drive_sender; /* reach/drive.h */

/* Everything that an operation needs. One thread. */
struct account {
	const char *home; /* borrowed */
	struct state *state;
	struct api *api;
	/* Of the server's last answer by REST, as it says; a hint. */
	int64_t clock_ahead_ms;
	struct why why;
	char username[DEVICE_NAME_SIZE];
	char user_id[TEXT_UUID_SIZE], device_id[TEXT_UUID_SIZE];
	char server[256];      /* base URL */
	const char *mqtt, *ca; /* as channel_target has them; borrowed */
	char ca_kept[1024];    /* the path of `ca` that a login was told */
	struct suites suites;
	unsigned stock;	  /* of the device, as device_config has it */
	bool no_receipts; /* the device writes none, whatever it is set to */
	uint64_t renew_token_at; /* Unix milliseconds */
	bool pending; /* the device waits to be approved (reach/enrol.h) */
	bool
	    log_looked_at; /* drive_order() has looked whether there is a log */

	struct device_store store; /* the state, for the device */
	struct device_ports ports;
	struct device *device;
	/* By whom envelopes are sent while a channel is open; borrowed, NULL:
	 * by REST. */
	const struct drive_sender *sender;
};

/* What a login is told. Borrowed. */
struct account_login {
	bool is_new; /* make the account first */
	const char *server, *username;
	const char *algorithms;	 /* NULL: the remembered or default ones */
	const char *device_name; /* NULL: "cli" */
	struct span passphrase;
	struct password_cost state_cost; /* of a new state */
};

/* A new array of the names of the algorithms; NULL when out of memory. */
json_t *account_suites_to_json(const struct suites *suites);

/* Without the passphrase: is enough given? ERR_STATE_CONFLICT: a new account, where
 * there is a state already. */
MUST_CHECK enum err account_check_login(struct account *a,
					const struct account_login *login);

/*
 * Opens or makes the state, logs in, remembers, opens the device. Only
 * `a->home` needs to be set before. A server or user name that is not given is the
 * one of the state.
 * On failure a state that was not there before is not there either.
 */
MUST_CHECK enum err account_login(struct account *a,
				  const struct account_login *login);

/* Opens the state and the device of an account that is logged in. `server` (or
 * NULL) is in place of the remembered one for now; `username` (or NULL) must
 * match. */
MUST_CHECK enum err account_open(struct account *a, struct span passphrase,
				 const char *server, const char *username);

/* Opens the state far enough to know `username` and `server`; does nothing
 * when that was done. */
MUST_CHECK enum err account_peek(struct account *a, struct span passphrase);

/* The same by the keys of the state (reach/agent.h); then account_open() needs no
 * passphrase. */
MUST_CHECK enum err account_peek_keys(struct account *a,
				      const struct state_keys *keys);

/* The connection for that server, whose URL is remembered. */
MUST_CHECK enum err account_use_server(struct account *a, const char *server);

/* Writes who this is, with the password for logging in again; NULL: without.
 * Inside a transaction. */
MUST_CHECK enum err account_save(struct account *a, const char *password);

/* What account_change_passphrase() is told. Borrowed. */
struct account_change {
	struct span passphrase; /* the new one */
	bool end_others;	/* all other logins of the account end */
};

/*
 * Changes the passphrase at the server and of the state, which is open
 * (account_peek()); the device may be, too, and then `server` counts for nothing. Where the server has the new one already, from another device
 * or from a try that was cut off, this device logs in with that. ERR_PEER_DENIED:
 * the server knows neither; then nothing has changed.
 */
MUST_CHECK enum err account_change_passphrase(
    struct account *a, const char *server, const struct account_change *change);

/* POST /auth/logout, and forgets tokens and password. */
MUST_CHECK enum err account_logout(struct account *a);

/* Closes device, state and connection; `why` stays. */
void account_close(struct account *a);

#endif
