/*
 * The accounts' logs that the model of the server keeps, as docs/protocol.md says,
 * in memory. It takes links that are good and nothing else.
 */
#ifndef HERMETIC_TESTS_SIM_SERVER_ACCOUNTS_H
#define HERMETIC_TESTS_SIM_SERVER_ACCOUNTS_H

#include "check/accounts.h"
#include "tests/sim/blob.h"
#include "tests/sim/reply.h"

struct server;

enum { SERVER_LINKS_A_PAGE = 3 };

struct server_account {
	char user[33], name[2 * ACCOUNT_HASH + 1]; /* user name, fingerprint */
	uint8_t fingerprint[ACCOUNT_HASH], salt[ACCOUNT_HASH];
	struct blob **links; /* owned; number 1 is the first */
	size_t link_count;
	struct account_log *log; /* owned: what they come to */
	size_t looked;		 /* so many of them were looked at (people.c) */
	struct server_account *branches; /* owned: logs that count no more */
	size_t branch_count;
	bool gone_over; /* to another branch, since people.c has looked */
};

/* By user name, or by fingerprint in hexadecimal. NULL: it keeps no such log. */
struct server_account *server_account(struct server *server, const char *name);

/* A link of a user's account. False: it does not go on from the log, is wrong, or its
 * number is taken by another one. */
bool server_take_link(struct server *server, const char *user, struct span salt,
		      struct span link);

/* server_branches.c: a whole log of the account (opaque link<V> each) takes the place of
 * the one there, where it goes on from that or counts before it. False: it does neither,
 * or is wrong. The same of a branch, from its first link on. */
bool server_take_log(struct server *server, struct server_account *account,
		     struct span links);
bool server_take_branch(struct server *server, const char *user,
			struct span branch);

/* The first `count` of them: opaque link<V> each, appended. */
void server_put_links(const struct server_account *account, size_t count,
		      struct buf *links);

/* ACCOUNT_LOG, ACCOUNT_LOGS and LINK, of that device. */
void server_accounts_ask(struct server *server, size_t caller,
			 const struct request *request, struct reply *reply);

/* By what commits are judged there. The caller frees them. */
struct check_accounts *server_judges(struct server *server);
/* What a good commit carried goes on from the logs that are kept. */
void server_keep_carried(struct server *server,
			 struct check_accounts *accounts);

/* Frees what it has, and not itself. */
void server_account_clear(struct server_account *account);
void server_accounts_clear(struct server *server);
/* `server` is a copy that still shares all of it. */
void server_accounts_copy(struct server *server);

#endif
