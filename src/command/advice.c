#include "command/advice.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* {session} and {name} are what the reason is about. Of the rows of a slug the first counts
 * whose words are all known. */
static const struct {
	const char *slug, *sentence;
} ROWS[] = {
	/* accounts */
	{ "identity-changed",
	  "When you have asked {name}: hermetic accept {name}" },
	{ "key-changed", "To compare the keys and accept the new one: hermetic "
			 "accept {name}. One that is not theirs is removed: "
			 "hermetic remove" },
	{ "key-changed", "To compare the keys and accept the new ones, person "
			 "by person: hermetic accept NAME. Those that are not "
			 "theirs are removed: hermetic remove" },
	{ "account-forked", "To stay with the log that is known here: hermetic "
			    "verify {name} --yes" },
	{ "own-account-forked",
	  "The key is given to: hermetic login --recovery, in a home of its "
	  "own" },
	{ "member-forked",
	  "To go on without that account: hermetic remove {session} {name}. To "
	  "stay with the log that is known here: hermetic verify {name} "
	  "--yes" },
	{ "not-met", "Look it up with: hermetic verify {name}" },
	{ "not-verified", "Compare numbers with each (hermetic verify USER), "
			  "or remove them; then: hermetic outbox --flush" },
	{ "never-verified", "To drop it: hermetic outbox --drop {session}" },
	{ "own-log-differs",
	  "To read that log, and settle it: hermetic devices. Then join "
	  "again: hermetic join {session}" },
	{ "member-log-differs",
	  "Whoever has that account settles it: hermetic devices, on each "
	  "device. An admin can go on without that account: hermetic remove" },
	{ "accounts-unknown", "They run: hermetic devices" },
	{ "blocked", "To join it: hermetic unblock {name}. To have it end "
		     "there, too: hermetic decline {session}" },
	{ "too-many-blocks", "With: hermetic unblock USER" },

	/* one's own devices, and the recovery key */
	{ "device-not-in-log", "To have it approved: hermetic login" },
	{ "device-pending", "Go on waiting with: hermetic login" },
	{ "device-gone",
	  "To set it up anew: hermetic login, in another --home" },
	{ "device-ended", "As a new device, in another --home: hermetic "
			  "login" },
	{ "not-approved", "To ask again: hermetic login, in another --home" },
	{ "no-such-device", "They are listed by: hermetic devices" },
	{ "not-asking", "They are listed by: hermetic devices. One that has "
			"not asked yet is ended with: hermetic revoke" },
	{ "not-ready", "When it does, bring it into your sessions with: "
		       "hermetic link" },
	{ "not-in", "When it goes on, bring it in with: hermetic link" },
	{ "link-needed", "On that one: hermetic link" },
	{ "member-already", "A further device of {name} is added by one of the "
			    "devices that are in: hermetic link" },
	{ "own-device", "To go: hermetic leave {session}" },
	{ "own-device", "To end it: hermetic logout" },
	{ "recovery-key-stands",
	  "Give the old one when you are asked for it, or in "
	  "HERMETIC_RECOVERY_KEY. If it is lost: hermetic recovery "
	  "--replace" },
	{ "recovery-key-overtaken", "Make another one: hermetic recovery" },
	{ "copied-state",
	  "To go on with this one: hermetic resolve {session} --yes. The other "
	  "one becomes a device of its own in a home of its own: hermetic "
	  "login --home DIR --username {name}" },
	{ "passphrase-changed",
	  "Take the new one here first: hermetic passphrase. Then again: "
	  "hermetic account delete --yes" },

	/* logging in */
	{ "no-account", "Start with: hermetic login --username NAME --server "
			"HOST:PORT" },
	{ "no-state", "Start with: hermetic register (or login) --username "
		      "NAME --server HOST:PORT" },
	{ "logged-out", "Log in with: hermetic login" },
	{ "unauthorized", "With: hermetic login" },
	{ "http-401", "With: hermetic login" },
	{ "bad-credentials", "The name is --username; an account is made "
			     "with: hermetic register" },
	{ "username-taken", "If it is yours: hermetic login" },
	{ "state-exists", "Use another --home, or: hermetic login" },
	{ "other-account", "Use another --home" },
	{ "first-username", "It is given as: --username NAME" },
	{ "first-server", "It is given as: --server HOST:PORT" },
	{ "http-301", "Is --server right?" },
	{ "http-302", "Is --server right?" },
	{ "http-307", "Is --server right?" },
	{ "http-308", "Is --server right?" },
	{ "unreachable", "Is --server right?" },
	{ "not-trusted", "--ca FILE names the certificate to trust" },
	{ "agent-runs", "To end it: hermetic lock" },

	/* sessions */
	{ "no-such-session", "See: hermetic sessions" },
	{ "session-given-up", "See: hermetic sessions" },
	{ "no-such-invitation", "See: hermetic invitations" },
	{ "not-a-member", "With an invitation: hermetic join {session}" },
	{ "not-invited", "Whether {name} is in: hermetic members {session}" },
	{ "not-invited", "A member runs: hermetic invite {session} YOUR_NAME" },
	{ "own-account", "To go: hermetic leave {session}" },
	{ "banned",
	  "An admin or an owner takes a ban back with: hermetic unban" },
	{ "too-many-bans", "With: hermetic unban" },
	{ "banned-by-name", "Take the ban back with: hermetic unban" },
	{ "too-many-own-invitations", "With: hermetic uninvite" },
	{ "too-many-invitations", "With: hermetic uninvite" },
	{ "older-device", "Where it was updated, this lets the others see it: "
			  "hermetic rotate" },
	{ "not-read-by-all", "Where it was updated, this lets the others see "
			     "it: hermetic rotate" },
	{ "keys-before", "Renew them: hermetic rotate {session}" },
	{ "no-such-user", "To remove that member: hermetic remove {session} "
			  "{name}" },
	{ "ended-device", "They do that with: hermetic remove {session} "
			  "{name}" },
	{ "accounts-missing", "To remove one: hermetic remove {session} "
			      "NAME/DEVICE" },
	{ "two-accounts", "With: hermetic remove {session} NAME/DEVICE" },
	{ "came-again", "To remove it, too: hermetic remove {session} "
			"{name}" },
	{ "no-common-algorithm", "Allow more with --algorithm" },
	{ "mixed-offers", "There: hermetic login" },
	{ "rotation-required", "To another one: hermetic algorithm {session} "
			       "NAME" },

	/* sessions that are stopped */
	{ "history-differs", "To look at it: hermetic resolve {session}" },
	{ "history-expired", "To look at who is in it now and go on all the "
			     "same: hermetic resolve {session}" },
	{ "not-continued", "To look at who is in it now and go on all the "
			   "same: hermetic resolve {session}" },
	{ "no-beginning", "To join it all the same, and look at who is in it: "
			  "hermetic resolve {session} --yes" },
	{ "not-served", "Or join again: hermetic resolve {session}" },
	{ "session-damaged", "To come into the session anew: hermetic resolve "
			     "{session} --yes" },
	{ "downgrade", "To join all the same: hermetic resolve {session} "
		       "--yes" },
	{ "behind", "To try once more: hermetic resolve {session} --yes. Who "
		    "may, removes a device that signs such commits: hermetic "
		    "remove {session} {name}" },
	{ "behind", "To try once more: hermetic resolve {session} --yes" },
	{ "letter-differs", "To come in all the same: hermetic resolve "
			    "{session} --yes" },
	{ "bad-letter",
	  "{name} sends a letter again with: hermetic invite. To come in "
	  "without one: hermetic resolve {session} --yes" },
	{ "no-letter",
	  "{name} sends a letter again with: hermetic invite. To come in "
	  "without one: hermetic resolve {session} --yes" },

	/* what waits, and files */
	{ "clock", "Then: hermetic outbox --flush" },
	{ "new-members",
	  "Look with: hermetic read {session} (or members), then send it with: "
	  "hermetic outbox --flush" },
	{ "files-full", "With: hermetic delete SESSION N" },
	{ "folder", "Another folder goes behind the number: hermetic save ID "
		    "SEQ DIR" },
	{ "no-room", "The same command goes on from where this one ended" },
	{ "interrupted", "The same command goes on from there" },
	{ "kept", "The next command sends it" },
	{ "change-kept", "The next command does it" },
	{ "too-long", "The next command goes on" },
};

#define COUNT (sizeof(ROWS) / sizeof(*ROWS))

static const char OUTBOX[] = "It is on the list of: hermetic outbox {session}";

bool advice_row(size_t row, const char **slug, const char **sentence)
{
	if (row >= COUNT)
		return false;
	*slug = ROWS[row].slug;
	*sentence = ROWS[row].sentence;
	return true;
}

/* The member that the text begins with in braces; NULL: none. */
static const char *begins_with(const char *text)
{
	static const char *const names[] = { "session", "name" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i]);

		if (text[0] == '{' && strncmp(text + 1, names[i], n) == 0 &&
		    text[n + 1] == '}')
			return names[i];
	}
	return NULL;
}

static bool is_known(const char *sentence, const json_t *about)
{
	for (const char *at = sentence; *at != '\0'; at++) {
		const char *name = begins_with(at);

		if (name != NULL &&
		    !json_is_string(json_object_get(about, name)))
			return false;
	}
	return true;
}

static const char *find(const char *slug, const json_t *about)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(ROWS[i].slug, slug) == 0 &&
		    is_known(ROWS[i].sentence, about))
			return ROWS[i].sentence;
	return NULL;
}

/* What does not fit is cut. */
static size_t put(const char *sentence, const json_t *about, char *text,
		  size_t size)
{
	size_t used = 0;

	for (const char *at = sentence; *at != '\0' && used + 1 < size;) {
		const char *name = begins_with(at);
		const char *word =
		    json_string_value(json_object_get(about, name));
		size_t n = word != NULL ? strlen(word) : 1;

		if (n > size - used - 1)
			break;
		memcpy(text + used, word != NULL ? word : at, n);
		used += n;
		at += name != NULL ? strlen(name) + 2 : 1;
	}
	text[used] = '\0';
	return used;
}

void advice_write(const char *slug, const json_t *about, char *text,
		  size_t size)
{
	bool refused = json_is_integer(json_object_get(about, "item"));
	/* nobody joins again for what was not sent */
	const char *sentence = refused && strcmp(slug, "not-a-member") == 0
				   ? NULL
				   : find(slug, about);
	size_t used = 0;

	text[0] = '\0';
	if (sentence != NULL)
		used = put(sentence, about, text, size);
	if (!refused || !is_known(OUTBOX, about))
		return;
	if (used > 0 && used + 3 < size)
		used += (size_t)snprintf(text + used, size - used, ". ");
	(void)put(OUTBOX, about, text + used, size - used);
}
