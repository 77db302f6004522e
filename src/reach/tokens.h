/*
 * Requests as this device. The access token is renewed when it is about to
 * expire or was refused. A refresh token works once, so it is used inside a
 * transaction of the state: whoever waits for the lock finds the new one. If
 * the server refuses it (a crash between its answer and our writing loses
 * one), the device logs in again with its password.
 */
#ifndef HERMETIC_REACH_TOKENS_H
#define HERMETIC_REACH_TOKENS_H

#include "reach/account.h"

/* Takes over the tokens of a login's or a refresh's answer. Inside a
 * transaction. */
MUST_CHECK enum err tokens_save(struct account *a, const json_t *answer);

/* Reads them from the state. ERR_PEER_DENIED when this device is logged
 * out. */
MUST_CHECK enum err tokens_load(struct account *a);

/* Forgets them. Inside a transaction. */
MUST_CHECK enum err tokens_delete(struct account *a);

/* api_call() with a good token. Never inside a transaction. */
MUST_CHECK enum err tokens_call(struct account *a, const char *method,
				const char *path, json_t *body,
				struct api_answer *answer);

/* The same with the answer dropped. */
MUST_CHECK enum err tokens_post(struct account *a, const char *path,
				json_t *body);

/* A good access token appended with a NUL, for the WebSocket. `renew`: the
 * last one was refused. */
MUST_CHECK enum err tokens_access(struct account *a, bool renew,
				  struct buf *token);

#endif
