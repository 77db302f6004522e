/*
 * What a request, a WebSocket's frame or an MQTT message can come to, and how
 * each door says so: problems of RFC 9457. This table is the only place where
 * a slug, its status and its words stand; tests compare it with
 * docs/protocol.md, docs/mqtt.md and docs/openapi.yaml, both ways.
 */
#ifndef HERMETIC_DOOR_OUTCOMES_H
#define HERMETIC_DOOR_OUTCOMES_H

#include "base/buf.h"

/* Statuses of HTTP with their phrases, which are the problems' titles. */
#define OUTCOME_400 400, "Bad Request"
#define OUTCOME_401 401, "Unauthorized"
#define OUTCOME_403 403, "Forbidden"
#define OUTCOME_404 404, "Not Found"
#define OUTCOME_405 405, "Method Not Allowed"
#define OUTCOME_406 406, "Not Acceptable"
#define OUTCOME_408 408, "Request Timeout"
#define OUTCOME_409 409, "Conflict"
#define OUTCOME_410 410, "Gone"
#define OUTCOME_411 411, "Length Required"
#define OUTCOME_413 413, "Content Too Large"
#define OUTCOME_414 414, "URI Too Long"
#define OUTCOME_415 415, "Unsupported Media Type"
#define OUTCOME_416 416, "Range Not Satisfiable"
#define OUTCOME_417 417, "Expectation Failed"
#define OUTCOME_422 422, "Unprocessable Content"
#define OUTCOME_426 426, "Upgrade Required"
#define OUTCOME_429 429, "Too Many Requests"
#define OUTCOME_431 431, "Request Header Fields Too Large"
#define OUTCOME_500 500, "Internal Server Error"
#define OUTCOME_501 501, "Not Implemented"
#define OUTCOME_503 503, "Service Unavailable"
#define OUTCOME_505 505, "HTTP Version Not Supported"
#define OUTCOME_507 507, "Insufficient Storage"

/* The doors that may answer with an outcome. The last one is the administration's:
 * hermetic-admin and its API. */
enum door { DOOR_REST = 1, DOOR_WEBSOCKET = 2, DOOR_MQTT = 4, DOOR_ADMIN = 8 };

#define OUTCOME_R DOOR_REST
#define OUTCOME_RW (DOOR_REST | DOOR_WEBSOCKET)
#define OUTCOME_RM (DOOR_REST | DOOR_MQTT)
#define OUTCOME_RWM (DOOR_REST | DOOR_WEBSOCKET | DOOR_MQTT)
#define OUTCOME_A DOOR_ADMIN
#define OUTCOME_RA (DOOR_REST | DOOR_ADMIN)
#define OUTCOME_RMA (DOOR_REST | DOOR_MQTT | DOOR_ADMIN)
#define OUTCOME_RWMA (OUTCOME_RWM | DOOR_ADMIN)

/* X(NAME, slug, status and title, doors, the name of its number or NULL,
 *   words: the detail, where nothing more is known) */
#define OUTCOMES(X)                                                            \
	/* of any request */                                                   \
	X(MALFORMED, "malformed", OUTCOME_400, OUTCOME_RMA, NULL,              \
	  "the request cannot be read")                                        \
	X(INVALID, "invalid", OUTCOME_422, OUTCOME_R, NULL,                    \
	  "a value is not allowed")                                            \
	X(UNAUTHORIZED, "unauthorized", OUTCOME_401, OUTCOME_RA, NULL,         \
	  "the access token is missing, wrong or expired")                     \
	X(FORBIDDEN, "forbidden", OUTCOME_403, OUTCOME_RA, NULL,               \
	  "that is for somebody else to do")                                   \
	X(NOT_FOUND, "not-found", OUTCOME_404, OUTCOME_RA, NULL,               \
	  "nothing is here")                                                   \
	X(METHOD_NOT_ALLOWED, "method-not-allowed", OUTCOME_405, OUTCOME_RA,   \
	  NULL, "Allow says which methods there are")                          \
	X(NOT_ACCEPTABLE, "not-acceptable", OUTCOME_406, OUTCOME_RA, NULL,     \
	  "Accept excludes what there is")                                     \
	X(CONFLICT, "conflict", OUTCOME_409, OUTCOME_RW, NULL,                 \
	  "that collides with what is there")                                  \
	X(TOO_LARGE, "too-large", OUTCOME_413, OUTCOME_RWMA, NULL,             \
	  "that is larger than it may be")                                     \
	X(UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", OUTCOME_415,       \
	  OUTCOME_RA, NULL, "the body must be application/json")               \
	X(TOO_MANY_REQUESTS, "too-many-requests", OUTCOME_429, OUTCOME_RWMA,   \
	  "retry_after", "that was too often: wait, then try again")           \
	X(QUOTA_EXCEEDED, "quota-exceeded", OUTCOME_409, OUTCOME_RW, NULL,     \
	  "there is as much of that as there may be")                          \
	X(INTERNAL, "internal", OUTCOME_500, OUTCOME_RA, NULL,                 \
	  "the server has a fault: its log says more")                         \
	X(UNAVAILABLE, "unavailable", OUTCOME_503, OUTCOME_RWMA, NULL,         \
	  "try again")                                                         \
	/* of HTTP */                                                          \
	X(TIMEOUT, "timeout", OUTCOME_408, OUTCOME_RA, NULL,                   \
	  "the request came too slowly")                                       \
	X(LENGTH_REQUIRED, "length-required", OUTCOME_411, OUTCOME_RA, NULL,   \
	  "a body needs Content-Length or chunks")                             \
	X(URI_TOO_LONG, "uri-too-long", OUTCOME_414, OUTCOME_RA, NULL,         \
	  "the target is too long")                                            \
	X(EXPECTATION_FAILED, "expectation-failed", OUTCOME_417, OUTCOME_RA,   \
	  NULL, "Expect knows 100-continue only")                              \
	X(UPGRADE_REQUIRED, "upgrade-required", OUTCOME_426, OUTCOME_R, NULL,  \
	  "this is a WebSocket")                                               \
	X(HEADERS_TOO_LARGE, "headers-too-large", OUTCOME_431, OUTCOME_RA,     \
	  NULL, "the request's head is too large")                             \
	X(NOT_IMPLEMENTED, "not-implemented", OUTCOME_501, OUTCOME_RA, NULL,   \
	  "no such method or transfer coding")                                 \
	X(VERSION_NOT_SUPPORTED, "version-not-supported", OUTCOME_505,         \
	  OUTCOME_RA, NULL, "this is HTTP/1.1")                                \
	/* of accounts */                                                      \
	X(NO_SUCH_USER, "not-found", OUTCOME_404, OUTCOME_RA, NULL,            \
	  "no such user")                                                      \
	X(NO_SUCH_DEVICE, "not-found", OUTCOME_404, OUTCOME_R, NULL,           \
	  "no such device of yours")                                           \
	X(USERNAME_TAKEN, "username-taken", OUTCOME_409, OUTCOME_R, NULL,      \
	  "another account has that name")                                     \
	X(BAD_CREDENTIALS, "bad-credentials", OUTCOME_401, OUTCOME_R, NULL,    \
	  "no such user, or another password")                                 \
	X(ACCOUNT_SUSPENDED, "account-suspended", OUTCOME_403, OUTCOME_R,      \
	  NULL, "the operator has suspended this account")                     \
	X(REGISTRATION_CLOSED, "registration-closed", OUTCOME_403, OUTCOME_R,  \
	  NULL, "nobody may register here, or only with a token")              \
	X(REFRESH_REUSED, "refresh-reused", OUTCOME_401, OUTCOME_R, NULL,      \
	  "the token was used before: all of its family are revoked, log in "  \
	  "again")                                                             \
	X(REFRESH_INVALID, "refresh-invalid", OUTCOME_401, OUTCOME_R, NULL,    \
	  "no such refresh token, or it has expired: log in again")            \
	X(LINK_INVALID, "link-invalid", OUTCOME_422, OUTCOME_R, NULL,          \
	  "the link does not fit the account's log")                           \
	X(LINK_TAKEN, "link-taken", OUTCOME_409, OUTCOME_R, "last",            \
	  "another link has that number")                                      \
	X(LINK_GAP, "link-gap", OUTCOME_409, OUTCOME_R, "last",                \
	  "the link before it is missing")                                     \
	X(KEY_NOT_IN_LOG, "key-not-in-log", OUTCOME_422, OUTCOME_R, NULL,      \
	  "a KeyPackage's signature key is no device's of the account")        \
	X(KEY_PACKAGE_INVALID, "key-package-invalid", OUTCOME_422, OUTCOME_R,  \
	  NULL, "a KeyPackage is not good")                                    \
	X(WRONG_PASSWORD, "wrong-password", OUTCOME_403, OUTCOME_R, NULL,      \
	  "the old password is wrong")                                         \
	X(DEVICE_PENDING, "device-pending", OUTCOME_403, OUTCOME_R, NULL,      \
	  "this device waits to be approved by another one of its account")    \
	X(LINK_WANTED, "link-wanted", OUTCOME_409, OUTCOME_R, NULL,            \
	  "a link of the account's log comes first")                           \
	/* of the administration */                                            \
	X(NO_DEVICE, "not-found", OUTCOME_404, OUTCOME_A, NULL,                \
	  "no such device")                                                    \
	X(NO_TOKEN, "not-found", OUTCOME_404, OUTCOME_A, NULL,                 \
	  "no such token")                                                     \
	X(NO_OPEN_SESSION, "not-found", OUTCOME_404, OUTCOME_A, NULL,          \
	  "no such session goes on")                                           \
	/* of sessions */                                                      \
	X(NO_SESSION, "not-found", OUTCOME_404, OUTCOME_RWMA, NULL,            \
	  "no such session")                                                   \
	X(NO_MESSAGE, "not-found", OUTCOME_404, OUTCOME_R, NULL,               \
	  "no such message")                                                   \
	X(SESSION_EXISTS, "session-exists", OUTCOME_409, OUTCOME_R, NULL,      \
	  "another session has that id")                                       \
	X(NOT_A_MEMBER, "not-a-member", OUTCOME_403, OUTCOME_RWM, NULL,        \
	  "this device is not a member of the session")                        \
	X(NOT_INVITED, "not-invited", OUTCOME_403, OUTCOME_R, NULL,            \
	  "ask a member for an invitation")                                    \
	X(BANNED, "banned", OUTCOME_403, OUTCOME_R, NULL,                      \
	  "that account is banned from the session")                           \
	X(NOT_ALLOWED, "not-allowed", OUTCOME_403, OUTCOME_R, NULL,            \
	  "its sender may not do that")                                        \
	X(EPOCH_CHANGED, "epoch-changed", OUTCOME_409, OUTCOME_RWM, "epoch",   \
	  "read the log and try again")                                        \
	X(VIEW_DIFFERS, "view-differs", OUTCOME_409, OUTCOME_RWM, NULL,        \
	  "its sender has seen another log than this one")                     \
	X(ROTATION_REQUIRED, "rotation-required", OUTCOME_409, OUTCOME_RWM,    \
	  NULL, "commit new keys, then seal again")                            \
	X(SESSION_ENDED, "session-ended", OUTCOME_410, OUTCOME_RWM, NULL,      \
	  "nobody used it for too long")                                       \
	X(HISTORY_EXPIRED, "history-expired", OUTCOME_410, OUTCOME_RW,         \
	  "first_seq", "the log begins later")                                 \
	X(ACCOUNTS_UNKNOWN, "accounts-unknown", OUTCOME_422, OUTCOME_R, NULL,  \
	  "the server lacks links of an account's log: one of its devices "    \
	  "gives them back")                                                   \
	X(ACCOUNT_LOG_DIFFERS, "account-log-differs", OUTCOME_422, OUTCOME_R,  \
	  NULL,                                                                \
	  "an account's log at the server does not have the links that the "   \
	  "commit carries, and may not: read that log and try again")          \
	X(COMMIT_INVALID, "commit-invalid", OUTCOME_422, OUTCOME_R, NULL,      \
	  "the commit does not fit the members of the session")                \
	X(DEPARTURE_INVALID, "departure-invalid", OUTCOME_422, OUTCOME_R,      \
	  NULL, "it is not this device's, or not of a member")                 \
	X(ENVELOPE_INVALID, "envelope-invalid", OUTCOME_422, OUTCOME_RWM,      \
	  NULL, "it is no envelope of an application message")                 \
	X(NONCE_EXPIRED, "nonce-expired", OUTCOME_422, OUTCOME_RWM, NULL,      \
	  "the time in its nonce is too far from now")                         \
	X(NONCE_REUSED, "nonce-reused", OUTCOME_409, OUTCOME_RWM, NULL,        \
	  "another envelope has that nonce")                                   \
	X(TYPING_INVALID, "typing-invalid", OUTCOME_422, OUTCOME_RWM, NULL,    \
	  "it is no typing notice of the session")                             \
	/* of files */                                                         \
	X(NO_FILE, "not-found", OUTCOME_404, OUTCOME_R, NULL, "no such file")  \
	X(FILE_EXISTS, "file-exists", OUTCOME_409, OUTCOME_R, NULL,            \
	  "another file has that id")                                          \
	X(FILE_TOO_LARGE, "file-too-large", OUTCOME_413, OUTCOME_R, "most",    \
	  "a file may not be so large")                                        \
	X(FILES_FULL, "files-full", OUTCOME_507, OUTCOME_R, "left",            \
	  "there is no room for so many bytes or files")                       \
	X(OFFSET_DIFFERS, "offset-differs", OUTCOME_409, OUTCOME_R, "offset",  \
	  "the file goes on elsewhere")                                        \
	X(RANGE_NOT_SATISFIABLE, "range-not-satisfiable", OUTCOME_416,         \
	  OUTCOME_R, "size", "the file has no such bytes")                     \
	X(FILE_UNKNOWN, "file-unknown", OUTCOME_422, OUTCOME_R, NULL,          \
	  "a file that the message names is not there, or not whole")

enum outcome {
	OUTCOME_OK,
	OUTCOME_DUPLICATE, /* it was done before: the first answer again */
#define OUTCOME_ENUM(name, ...) OUTCOME_##name,
	OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
	    OUTCOME_COUNT
};

/* One row. `name` is what SQL calls it: NAME in lower case with hyphens. */
struct outcome_row {
	const char *name, *slug;
	int status;
	const char *title;
	unsigned doors;
	const char *number; /* the member for problem.number, or NULL */
	const char *words;
};

/* What a request is refused with. OUTCOME_OK: it is not refused. */
struct problem {
	enum outcome outcome;
	const char *detail; /* NULL: the table's words */
	uint64_t number;    /* where the row names a member for it */
};

/* `outcome` is neither OK nor DUPLICATE. */
const struct outcome_row *outcomes_row(enum outcome outcome);

/* The outcome that SQL calls `name`; OUTCOME_INTERNAL when there is none. */
enum outcome outcomes_named(struct span name);

/* The phrase of a status that problems have; NULL: they do not have it. */
const char *outcomes_phrase(int status);

/* Appends the problem as an object, the same at each door. */
void outcomes_put(struct buf *out, const struct problem *problem);

#endif
