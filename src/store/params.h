/* Parameters of one statement in PostgreSQL's binary format, owned. */
#ifndef HERMETIC_STORE_PARAMS_H
#define HERMETIC_STORE_PARAMS_H

#include "base/digest.h"
#include "base/uuid.h"

#define PARAMS_MAX 24

struct params {
	struct buf bytes;
	int count;
	int start[PARAMS_MAX]; /* -1: NULL */
	int length[PARAMS_MAX];
};

#define PARAMS_INIT ((struct params){ .bytes = { NULL, 0, 0, ERR_OK } })

void params_clear(struct params *p);

/* ERR_LOCAL_MEMORY, or ERR_PEER_TOO_LARGE past what a statement can carry. */
MUST_CHECK enum err params_end(struct params *p);

/* A copy; params_end() tells when there was no memory for it. */
struct params params_copy(const struct params *p);

void params_null(struct params *p);
void params_uuid(struct params *p, struct uuid uuid);
void params_digest(struct params *p, struct digest digest);
void params_text(struct params *p, struct span text);
void params_bytea(struct params *p, struct span bytes);
void params_bool(struct params *p, bool v);
void params_i32(struct params *p, int32_t v);
void params_i64(struct params *p, int64_t v);

/* Arrays: open, put each element, close. The type says what follows. */
enum params_type {
	PARAMS_BOOL = 16,
	PARAMS_BYTEA = 17,
	PARAMS_INT8 = 20,
	PARAMS_INT4 = 23,
	PARAMS_TEXT = 25,
	PARAMS_UUID = 2950
};
void params_open_array(struct params *p, enum params_type type, size_t count);
void params_put_bytes(struct params *p, struct span element);
void params_put_uuid(struct params *p, struct uuid uuid);
void params_put_digest(struct params *p, struct digest digest);
void params_put_bool(struct params *p, bool v);
void params_put_i32(struct params *p, int32_t v);
void params_put_i64(struct params *p, int64_t v);
void params_close_array(struct params *p);

#endif
