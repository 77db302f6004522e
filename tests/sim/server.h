/*
 * A model of the server: what docs/protocol.md says, in memory, without a
 * network. It checks commits by src/check, as a node does. It is honest; the
 * adversary stands in front of it, keeps copies of it, and may tell it to be
 * lax.
 */
#ifndef HERMETIC_TESTS_SIM_SERVER_H
#define HERMETIC_TESTS_SIM_SERVER_H

#include "base/uuid.h"
#include "check/departure.h"
#include "tests/sim/blob.h"
#include "tests/sim/chance.h"
#include "tests/sim/reply.h"
#include "tests/sim/seen_group.h"
#include "tests/sim/server_accounts.h"
#include "wire/letter.h"

/* Characters of "user/device", or of FINGERPRINT/NUMBER, and a NUL. */
#define SIM_IDENTITY (LEAF_NAME_MAX + 1)

/* Limits of the model; small, so that a short run meets them. */
enum {
	SERVER_DUE = 24,     /* entries under one key: due */
	SERVER_OVERDUE = 80, /* the same: refused */
	SERVER_NONCE_MS = 600000,
	SERVER_BLOCKS = 16
};

struct server_key_package {
	struct blob *bytes;
	uint16_t suite;
	bool last_resort;
	uint64_t not_after; /* seconds */
};

struct server_device {
	char user[33], id[TEXT_UUID_SIZE], identity[SIM_IDENTITY];
	char before
	    [SIM_IDENTITY]; /* in sessions of before its account had a log */
	bool revoked;
	struct server_key_package *packages; /* oldest first */
	size_t package_count;
};

struct server_entry {
	uint8_t kind;
	bool expired;
	struct blob *bytes;
	uint8_t head[DEVICE_HEAD];
	size_t device; /* who posted it */
	uint64_t at_ms;
};

/* The GroupInfo that began a generation, and where it stands. */
struct server_first {
	uint64_t seq;
	uint8_t head[DEVICE_HEAD];
	struct blob *info;
};

struct server_member {
	char identity[SIM_IDENTITY];
	uint32_t leaf;
	bool departed; /* its departure stands in the log */
};

/* Somebody who is no member any more: reads up to there. */
struct server_former {
	char identity[SIM_IDENTITY];
	uint64_t seq;
};

struct server_invitation {
	char user[33];
	struct {
		char by[33];
		struct blob *bytes;
	} letters[LETTERS_MAX]; /* the newest first */
	size_t letter_count;
};

struct server_session {
	uint8_t id[DEVICE_ID];
	char text_id[TEXT_UUID_SIZE];
	bool open;
	uint32_t generation;
	uint64_t epoch;	   /* the session's */
	struct blob *info; /* the latest GroupInfo */
	uint64_t info_seq; /* of the entry that made it */
	uint8_t start[DEVICE_HEAD];
	struct server_entry *log; /* seq 1 is the first */
	size_t log_count;
	struct server_first *firsts; /* by generation */
	size_t first_count;
	struct server_member *members;
	size_t member_count;
	struct server_former *former;
	size_t former_count;
	struct server_invitation *invited;
	size_t invited_count;
	uint64_t keys_seq; /* of the last entry that made new keys */
};

struct server_welcome {
	char id[TEXT_UUID_SIZE], session[TEXT_UUID_SIZE];
	size_t device;
	uint64_t seq;
	uint8_t head[DEVICE_HEAD];
	struct blob *bytes;
	struct blob *info; /* the GroupInfo there */
};

/* To `whom` the name of `by` is one that nobody has. */
struct server_block {
	char by[33], whom[33];
};

/* Told of each commit that the server takes: what it led from and to. `before`
 * is empty for the first group of a session. And of each departure. */
struct server_watch {
	void (*commit)(void *context, const struct server_session *session,
		       struct span before, struct span commit,
		       struct span after);
	void (*departed)(void *context, const struct server_session *session,
			 struct span departure);
	void *context;
};

/* Another server that is asked the same, after the model has answered. */
struct server_peer {
	void (*ask)(void *context, size_t caller, const struct request *request,
		    const struct answer *answer);
	void *context;
};

struct server {
	struct server_account *accounts;
	size_t account_count;
	struct server_device *devices;
	size_t device_count;
	struct server_session *sessions;
	size_t session_count;
	struct server_welcome *welcomes;
	size_t welcome_count;
	struct chance chance; /* for ids */
	struct server_watch watch;
	struct server_peer peer; /* of this one, not of its copies */
	/* What an adversary's server does, or an honest one with a fault. */
	bool lax;	  /* takes any commit and join that decodes */
	bool lets_all_in; /* whoever joins counts as invited */
	bool views_unchecked, departures_ignored;
	bool welcomes_kept; /* also after they were taken */
	bool without_logs;  /* it is from before accounts had logs */
	struct server_block blocks[SERVER_BLOCKS];
	size_t block_count;
};

void server_init(struct server *server, uint64_t seed);
void server_clear(struct server *server);
/* `to` is empty. */
void server_copy(struct server *to, const struct server *from);

size_t server_add_device(struct server *server, const char *user,
			 const char *id);

/* Another device has the number of one that is gone. */
void server_renew_device(struct server *server, size_t number, const char *user,
			 const char *id);

/* It is called so in sessions from now on. */
void server_name_device(struct server *server, size_t device,
			const char *identity);

/* It is served nothing from now on. */
void server_end_device(struct server_device *device);

/* Are those two devices of one user? */
bool server_same_user(const char *identity, const char *other);

/* The name of a member's user: of an account, that beside its log. Borrowed; empty:
 * it is not known. */
const char *server_user_of(const struct server *server, const char *identity);

/* As it is called in that session. Borrowed. */
const char *server_identity(const struct server *server,
			    const struct server_session *session,
			    size_t device);

/* NULL: there is none. Borrowed until a session is added. */
struct server_session *server_session(struct server *server, const char *id);
const struct server_member *server_member(const struct server_session *session,
					  const char *identity);

/* A request of device `caller`, at the server's time. `reply` is empty. */
void server_ask(struct server *server, size_t caller, uint64_t now_ms,
		const struct request *request, struct reply *reply);

/* Time goes by at the server: bytes of old messages are dropped. */
void server_retain(struct server *server, uint64_t before_ms);

/* ---- between the files of the server ---- */

/* Who may read of a session's log, and up to which entry. */
uint64_t server_readable(const struct server *server,
			 const struct server_session *session, size_t caller);
void server_free_letters(struct server_invitation *row);

/* One of the people blocks another one, or takes that back. */
void server_block(struct server *server, const char *by, const char *whom,
		  bool on);
/* That user has blocked the user of the caller. */
bool server_hides(const struct server *server, size_t caller, const char *user);
/* One of those that the request names has. */
bool server_hides_any(const struct server *server, size_t caller,
		      const struct request *request);

/* A letter takes the place of one by the same, and of the oldest of LETTERS_MAX. */
void server_invite(struct server_session *session, const char *user,
		   const char *by, struct span letter);
bool server_may_join(const struct server *server,
		     const struct server_session *session, size_t caller);

/* Appends to the log and returns the number. Takes over `bytes`. */
uint64_t server_append(struct server_session *session, uint8_t kind,
		       struct blob *bytes, size_t device, uint64_t now_ms);
/* The entry with exactly these bytes; 0: none. */
uint64_t server_find_entry(const struct server_session *session, uint8_t kind,
			   struct span bytes);
const uint8_t *server_head(const struct server_session *session, uint64_t seq);

/* The departures of the log, opaque departure<V> each; appended. */
void server_departures(const struct server_session *session, struct buf *out);
/* Borrows all three. */
struct check_view server_view(const struct server_session *session,
			      const struct seen_group *group,
			      struct span departures);

/* The members as the latest GroupInfo has them. */
void server_read_members(struct server_session *session);

/* NULL, or the slug of what is wrong with the view in authenticated data. */
const char *server_check_view(const struct server_session *session,
			      struct span authenticated_data,
			      bool may_be_empty);

void server_people(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply);
void server_send(struct server *server, size_t caller, uint64_t now_ms,
		 const struct request *request, struct reply *reply);
void server_create(struct server *server, size_t caller,
		   const struct request *request, struct reply *reply);
void server_commit(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply);
void server_depart(struct server *server, size_t caller, uint64_t now_ms,
		   const struct request *request, struct reply *reply);

#endif
