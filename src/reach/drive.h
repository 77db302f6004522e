/* Runs an order of a device to its end: asks the server what the device wants
 * to know, hands the answers to it, and waits when it wants to wait. */
#ifndef HERMETIC_REACH_DRIVE_H
#define HERMETIC_REACH_DRIVE_H

#include "reach/account.h"

/* Envelopes that go another way than by REST (account->sender). */
struct drive_sender {
	/* `body` as POST /session/ID/send has it; taken over. *answer: a new
	 * reference to the object that the server answered. Errors and `slug`
	 * as api_call() has them. */
	enum err (*send)(void *context, const char *session, json_t *body,
			 struct why *why, char slug[48], json_t **answer);
	/* Is it possible now? Otherwise REST is taken. */
	bool (*is_open)(void *context);
	void *context;
};

/*
 * Returns the outcome's result, with the reason in account->why. `outcome` may
 * be NULL; *outcome is borrowed until the next order, and NULL when the device
 * did not take the order.
 */
MUST_CHECK enum err drive_order(struct account *a, const struct order *order,
				const struct outcome **outcome);

/* May the same do later what it has not done now? Of an order its outcome; NULL: there
 * was none, or it did not begin. A store that cannot be written is none that asking again
 * mends. The reason is in account->why still. */
bool drive_is_passing(const struct account *a, const struct outcome *outcome,
		      enum err e);

/* Writes a receipt in that session, if one is due. That it was not possible is no
 * matter of the person's. */
void drive_receipt(struct account *a, const char *session);

/* The same for an order that says no more than its kind and session. */
MUST_CHECK enum err drive_session(struct account *a, enum order_kind kind,
				  const char *session);

#endif
