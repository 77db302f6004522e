/*
 * The words that workers of one node say to each other (server/edge/peers.h), as
 * bytes. All workers are of one build, and the words never leave the machine.
 *
 * put: appends the word. take: reads the word whose kind words_kind() has read; false,
 * and nothing is to be used, when it is cut off. What is taken borrows from the bytes.
 */
#ifndef HERMETIC_SERVER_WORDS_H
#define HERMETIC_SERVER_WORDS_H

#include "base/buf.h"
#include "base/rd.h"
#include "store/store.h"

/* Below: a notice, by its kind (enum notice_kind). */
enum words_kind {
	WORDS_APPEND = 250,
	WORDS_RESULT,
	WORDS_STARTED,
	WORDS_MESSAGE,
	WORDS_RESYNC
};

/* How many bytes an append has beside its envelope and its origin. */
enum { WORDS_APPEND_HEAD = 1 + 1 + 8 + 16 + 16 + 16 + 8 + 8 + 32 + 8 + 1 };

/* An envelope that another worker is to store. */
struct words_append {
	unsigned worker; /* that asks */
	uint64_t id;	 /* of its question */
	struct append message;
};

/* The answer to it. */
struct words_result {
	uint64_t id;
	struct append_result result;
};

uint8_t words_kind(struct rd *word);

void words_put_append(struct buf *word, const struct words_append *append);
bool words_take_append(struct rd *word, struct words_append *append);

void words_put_result(struct buf *word, const struct words_result *result);
bool words_take_result(struct rd *word, struct words_result *result);

/* A worker has started. */
void words_put_started(struct buf *word, unsigned worker);
bool words_take_started(struct rd *word, unsigned *worker);

/* A message that one has stored. */
void words_put_message(struct buf *word, const struct message *message);
bool words_take_message(struct rd *word, struct message *message);

/* The database's notice. */
void words_put_notice(struct buf *word, const struct notice *notice);
bool words_take_notice(struct rd *word, uint8_t kind, struct notice *notice);

/* Notices may have been missed. */
void words_put_resync(struct buf *word);

#endif
