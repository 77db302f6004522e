#include "tests/sim/server_accounts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tests/sim/server.h"

struct server_account *server_account(struct server *server, const char *name)
{
	for (size_t i = 0; i < server->account_count; i++)
		if (strcmp(server->accounts[i].user, name) == 0 ||
		    strcmp(server->accounts[i].name, name) == 0)
			return &server->accounts[i];
	return NULL;
}

void server_put_links(const struct server_account *account, size_t count,
		      struct buf *links)
{
	for (size_t i = 0; i < count && i < account->link_count; i++)
		buf_put_vec(links, blob_span(account->links[i]));
}

/* ---- links that come ---- */

/* False: the link does not go on from the account's log. */
static bool append(struct server_account *account, struct span link)
{
	if (account_log_add(account->log, link).wrong != NULL)
		return false;
	*SIM_ADD(account->links, account->link_count) = blob_make(link);
	return true;
}

static bool begin(struct server *server, const char *user, struct span salt,
		  struct span link)
{
	struct server_account account = { .link_count = 0 };
	struct buf name = BUF_INIT;
	if (salt.n != ACCOUNT_HASH)
		return false;
	sim_must(account_log_new(&account.log), "a log");
	if (!append(&account, link)) {
		account_log_free(account.log);
		return false;
	}
	(void)snprintf(account.user, sizeof(account.user), "%s", user);
	(void)span_copy(account.salt, salt);
	sim_must(account_link_hash(link, account.fingerprint), "hash");
	text_put_hex(&name, SPAN_ARRAY(account.fingerprint));
	memcpy(account.name, name.p, name.n);
	buf_clear(&name);
	*SIM_ADD(server->accounts, server->account_count) = account;
	return true;
}

/* Their tokens are good for nothing any more, and their KeyPackages go. */
static void end_devices(struct server *server,
			const struct server_account *account,
			struct span removed)
{
	char identity[SIM_IDENTITY];
	uint64_t number;

	while (account_link_next_device(&removed, &number)) {
		(void)snprintf(identity, sizeof(identity), "%s/%llu",
			       account->name, (unsigned long long)number);
		for (size_t i = 0; i < server->device_count; i++)
			if (strcmp(server->devices[i].identity, identity) == 0)
				server_end_device(&server->devices[i]);
	}
}

/* All but the one that has signed, which has no KeyPackages any more. */
static void close_devices(struct server *server,
			  const struct server_account *account, uint64_t signer)
{
	char identity[SIM_IDENTITY];

	(void)snprintf(identity, sizeof(identity), "%s/%llu", account->name,
		       (unsigned long long)signer);
	for (size_t i = 0; i < server->device_count; i++) {
		struct server_device *device = &server->devices[i];

		if (strcmp(device->user, account->user) != 0)
			continue;
		server_end_device(device);
		device->revoked = strcmp(device->identity, identity) != 0;
	}
}

bool server_take_link(struct server *server, const char *user, struct span salt,
		      struct span bytes)
{
	struct server_account *account = server_account(server, user);
	struct account_link link;

	if (account_link_decode(bytes, &link) != ERR_OK)
		return false;
	if (account == NULL)
		return link.number == 1 && begin(server, user, salt, bytes);
	if (link.number <= account->link_count)
		return span_equal(blob_span(account->links[link.number - 1]),
				  bytes);
	if (!append(account, bytes))
		return false;
	if (link.kind == ACCOUNT_REMOVE)
		end_devices(server, account, link.removed);
	if (link.kind == ACCOUNT_CLOSE)
		close_devices(server, account, link.signer);
	return true;
}

/* ---- asking ---- */

static struct span *give_links(const struct server_account *account,
			       uint64_t after, struct reply *reply,
			       size_t *count)
{
	struct span *links =
	    reply_take(reply, SERVER_LINKS_A_PAGE * sizeof(*links));

	*count = 0;
	for (uint64_t n = after;
	     n < account->link_count && *count < SERVER_LINKS_A_PAGE; n++)
		links[(*count)++] =
		    reply_bytes(reply, blob_span(account->links[n]));
	return links;
}

/* By its fingerprint a log is shown to everybody. */
static const struct server_account *find_shown(struct server *server,
					       size_t caller, const char *name)
{
	return server_hides(server, caller, name)
		   ? NULL
		   : server_account(server, name);
}

static void give_log(struct server *server, size_t caller,
		     const struct request *request, struct reply *reply)
{
	const struct server_account *account =
	    find_shown(server, caller, request->user);
	struct answer *answer = &reply->answer;

	if (account == NULL)
		return;
	answer->has_fingerprint = true;
	memcpy(answer->fingerprint, account->fingerprint, ACCOUNT_HASH);
	answer->salt = reply_bytes(reply, SPAN_ARRAY(account->salt));
	answer->last = account->link_count;
	answer->links =
	    give_links(account, request->after, reply, &answer->link_count);
	answer->more =
	    request->after + answer->link_count < account->link_count;
}

static void give_logs(struct server *server, size_t caller,
		      const struct request *request, struct reply *reply)
{
	struct answer_log *logs =
	    reply_take(reply, request->user_count * sizeof(*logs));
	size_t count = 0;

	for (size_t i = 0; i < request->user_count; i++) {
		const struct server_account *account =
		    find_shown(server, caller, request->users[i]);
		struct answer_log *log = &logs[count];

		if (account == NULL)
			continue;
		count++;
		log->username = reply_text(reply, account->user);
		log->has_fingerprint = true;
		memcpy(log->fingerprint, account->fingerprint, ACCOUNT_HASH);
		log->salt = reply_bytes(reply, SPAN_ARRAY(account->salt));
		log->links = give_links(account, request->afters[i], reply,
					&log->link_count);
		log->more =
		    request->afters[i] + log->link_count < account->link_count;
	}
	reply->answer.logs = logs;
	reply->answer.log_count = count;
}

void server_accounts_ask(struct server *server, size_t caller,
			 const struct request *request, struct reply *reply)
{
	if (request->kind == REQUEST_ACCOUNT_LOG)
		give_log(server, caller, request, reply);
	else if (request->kind == REQUEST_ACCOUNT_LOGS)
		give_logs(server, caller, request, reply);
	else if (request->kind == REQUEST_BRANCH
		     ? !server_take_branch(server, request->user,
					   request->bytes)
		     : !server_take_link(server, request->user, request->salt,
					 request->bytes))
		reply_refuse(reply, ERR_STATE_CONFLICT, "link-taken");
}

/* ---- judging ---- */

static struct server_account *account_of(struct server *server,
					 struct span fingerprint)
{
	for (size_t i = 0; i < server->account_count; i++)
		if (span_equal(SPAN_ARRAY(server->accounts[i].fingerprint),
			       fingerprint))
			return &server->accounts[i];
	return NULL;
}

static enum err give_source(void *context, struct span fingerprint,
			    struct buf *logs)
{
	const struct server_account *account = account_of(context, fingerprint);
	struct buf links = BUF_INIT;
	enum err e;

	if (account != NULL)
		server_put_links(account, SIZE_MAX, &links);
	buf_put_vec(logs, buf_span(&links));
	for (size_t i = 0; account != NULL && i < account->branch_count; i++) {
		buf_reset(&links);
		server_put_links(&account->branches[i], SIZE_MAX, &links);
		buf_put_vec(logs, buf_span(&links));
	}
	e = buf_end(&links);
	buf_clear(&links);
	return e;
}

static enum err give_loaded(void *context, struct span fingerprint,
			    const struct account_log **log)
{
	const struct server_account *account = account_of(context, fingerprint);

	*log = account != NULL ? account->log : NULL;
	return ERR_OK;
}

struct check_accounts *server_judges(struct server *server)
{
	const struct check_source source = { give_source, give_loaded, server };
	struct check_accounts *accounts;

	sim_must(check_accounts_new(&source, &accounts), "accounts");
	return accounts;
}

void server_keep_carried(struct server *server, struct check_accounts *accounts)
{
	struct span fingerprint, links;
	size_t position = 0;

	while (
	    check_accounts_grown(accounts, &position, &fingerprint, &links)) {
		struct server_account *account =
		    account_of(server, fingerprint);

		if (account != NULL)
			(void)server_take_log(server, account, links);
	}
}

/* ---- the whole ---- */

void server_account_clear(struct server_account *account)
{
	for (size_t i = 0; i < account->branch_count; i++)
		server_account_clear(&account->branches[i]);
	for (size_t i = 0; i < account->link_count; i++)
		blob_free(account->links[i]);
	free(account->branches);
	free(account->links);
	account_log_free(account->log);
}

void server_accounts_clear(struct server *server)
{
	for (size_t i = 0; i < server->account_count; i++)
		server_account_clear(&server->accounts[i]);
	free(server->accounts);
}

static void copy_account(struct server_account *to,
			 const struct server_account *from)
{
	*to = *from;
	to->links = NULL;
	to->link_count = 0;
	sim_must(account_log_copy(from->log, &to->log), "a log");
	for (size_t i = 0; i < from->link_count; i++)
		*SIM_ADD(to->links, to->link_count) =
		    blob_share(from->links[i]);
	to->branches = NULL;
	to->branch_count = 0;
	for (size_t i = 0; i < from->branch_count; i++)
		copy_account(SIM_ADD(to->branches, to->branch_count),
			     &from->branches[i]);
}

void server_accounts_copy(struct server *server)
{
	const struct server_account *from = server->accounts;
	size_t count = server->account_count;

	server->accounts = NULL;
	server->account_count = 0;
	for (size_t i = 0; i < count; i++)
		copy_account(SIM_ADD(server->accounts, server->account_count),
			     &from[i]);
}
