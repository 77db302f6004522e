/*
 * What a module of WebAssembly exports: the device without input and output
 * (hermetic/hermetic.h), one a module, and what its host provides. sdk/js/module.js calls
 * these, and has no rule of its own.
 *
 * Texts go in as UTF-8 with a NUL, in memory of binding_take(). Answers are JSON with a
 * NUL, borrowed until the next call of any of these; NULL: out of memory. Most begin as
 * {"result", "why"?, "slug"?, "about"?}: the enum hermetic_result as a word, and where it is no
 * success the sentence and the slug of it. Kinds and acts are words, too: "send".
 */
#ifndef HERMETIC_WASM_BINDING_H
#define HERMETIC_WASM_BINDING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name)                                                           \
	__attribute__((import_module("hermetic"), import_name(#name)))
#else /* the header is read alone */
#define EXPORT(name)
#define IMPORT(name)
#endif

/* ---- the host's records: struct hermetic_store; 0: done, -1: it failed ---- */

int host_begin(void) IMPORT(begin); /* 1: another one has written since */
int host_commit(void) IMPORT(commit);
void host_rollback(void) IMPORT(rollback);
/* The size of a record, whose bytes are then read. -1: there is none; -2: it failed. */
int host_get(const char *name) IMPORT(get);
void host_read(void *to) IMPORT(read);
int host_put(const char *name, const void *bytes, size_t size) IMPORT(put);
int host_remove(const char *name) IMPORT(remove);

/* The size of a text in Unicode's form KC, which is then read; -1: it failed. */
int host_normalize(const void *text, size_t size) IMPORT(normalize);
/* The same of a text as people compare them: Unicode's NFKC_Casefold. */
int host_fold(const void *text, size_t size) IMPORT(fold);
/* Bytes of the first grapheme cluster of a text that has one; -1: it failed. */
int host_cluster(const void *text, size_t size) IMPORT(cluster);

/* ---- memory for what goes in ---- */

void *binding_take(size_t size) EXPORT(take);
/* Wipes it. Takes NULL. */
void binding_give(void *taken, size_t size) EXPORT(give);

/* ---- without a device ---- */

/* The server's password for a passphrase. */
const char *binding_password(const char *username, const char *passphrase)
    EXPORT(password);

/* 32 bytes of a key that opens the keys of the records, by scrypt of the passphrase as it
 * counts; `n` is its cost. 0: done; -1: it failed. */
int binding_record_key(const char *passphrase, const uint8_t salt[32],
		       uint32_t n, uint8_t key[32]) EXPORT(record_key);

/* A QR code of that text: {"result", "value"?: [ROW…]}, a row of "1" for dark and "0". */
const char *binding_qr(const char *text) EXPORT(qr);

/* hermetic_advice() and hermetic_version(), as they are. */
const char *binding_advice(const char *result) EXPORT(advice);
const char *binding_version(void) EXPORT(version);

/* ---- a device ---- */

/* `algorithms` may be empty; `stock` 0. In the place of the one before. */
const char *binding_open(const char *username, const char *device_id,
			 const char *algorithms, uint32_t stock, int receipts)
    EXPORT(open);
void binding_close(void) EXPORT(close);

/* An order: {"kind", "session"?, "file"?, "text"?, "whom"?, "act"?, "about"?, "key"?, "topic"?,
 * "toNewMembers"?, "name"?, "users"?, "open"?, "verifiedOnly"?}. */
const char *binding_start(const char *json) EXPORT(start);

/* {"method", "path", "body"?}, {"wait"} in milliseconds, or {}: the order has ended. */
const char *binding_turn(void) EXPORT(turn);
void binding_answer(int status, const char *body, size_t size,
		    double clock_ahead_ms) EXPORT(answer);

/* And "session", "number", "item", "devices", "code"?, "value"?, "anew"?. */
const char *binding_outcome(void) EXPORT(outcome);

/* And "order"?: {"kind", "session"?} to be started. */
const char *binding_hear(const char *json, size_t size) EXPORT(hear);

/* The members of struct hermetic_event; {}: there is none. */
const char *binding_event(void) EXPORT(event);

/* And "value": what hermetic_core_…() gives. An empty text is NULL. A number that is
 * not whole, below 0 or above 2^53 is answered with "usage", here and below. */
const char *binding_sessions(void) EXPORT(sessions);
const char *binding_describe(const char *session) EXPORT(describe);
const char *binding_entry(const char *session, double number) EXPORT(entry);
const char *binding_outbox(const char *session) EXPORT(outbox);
const char *binding_person(const char *user) EXPORT(person);
const char *binding_invitations(const char *answer, size_t size)
    EXPORT(invitations);

/* `marks` is a JSON array of texts; an item below 0 means all of the session's. */
const char *binding_shown(const char *session, const char *marks) EXPORT(shown);
const char *binding_drop(const char *session, double item) EXPORT(drop);
const char *binding_compared(const char *user) EXPORT(compared);
const char *binding_read_to(const char *session, double number) EXPORT(read_to);

/* And "value": hermetic_core_search() of {"session"?, "words"?, "topic"?, "after"?,
 * "before"?, "since"?, "last"?}; the id that hermetic_core_find() gives. */
const char *binding_search(const char *json) EXPORT(search);
const char *binding_find(const char *word) EXPORT(find);
/* And "read", "count". */
const char *binding_unread(const char *session) EXPORT(unread);

const char *binding_accept(const char *user, const char *fingerprint)
    EXPORT(accept);
/* And "value": is it on? `wish` is "receipts" or "typing". */
const char *binding_wish(const char *wish) EXPORT(wish);
const char *binding_set_wish(const char *wish, double on) EXPORT(set_wish);

/* And "frame"?: what is to be sent by WebSocket. */
const char *binding_type(const char *session, double types) EXPORT(type);
/* And "order"?, as of binding_hear(), and "at"?: Unix milliseconds. */
const char *binding_due(void) EXPORT(due);

/* ---- files: struct hermetic_file by its address; NULL is none ---- */

struct hermetic_file;

/* {"session", "name", "type"?, "key"}; and of an entry. Both: and "file", "id", "name",
 * "type", "size". */
const char *binding_file_seal(const char *json) EXPORT(file_seal);
const char *binding_file_open(const char *session, double number)
    EXPORT(file_open);
void binding_file_free(struct hermetic_file *file) EXPORT(file_free);
/* The bytes are sealed or opened where they are. */
const char *binding_file_pass(uint8_t *bytes, size_t size,
			      struct hermetic_file *file) EXPORT(file_pass);
const char *binding_file_end(uint8_t tag[16], struct hermetic_file *file)
    EXPORT(file_end);
/* {"method", "path", "headers": ["Name: value"…], "from", "count"}, {"wait"}, or {}. */
const char *binding_file_turn(struct hermetic_file *file) EXPORT(file_turn);
/* An offset below 0: there is none. */
void binding_file_answer(const char *body, size_t size,
			 struct hermetic_file *file, int status, double offset,
			 double fetched) EXPORT(file_answer);
const char *binding_file_outcome(struct hermetic_file *file)
    EXPORT(file_outcome);

#endif
