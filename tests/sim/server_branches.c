/* Two logs of one account (docs/protocol.md, "Two branches"), at the model of the
 * server: it keeps the one that counts, and beside it those that it had before. */
#include <stdio.h>

#include "tests/sim/server.h"

/* ---- devices ---- */

static bool find_device(const struct account_log *log, struct span link_key,
			struct account_device *device)
{
	size_t position = 0;

	while (account_log_next_device(log, &position, device))
		if (span_equal(device->link_key, link_key))
			return true;
	return false;
}

/* The number in `log` of the device that had that one in `before`; 0: it does not
 * stand there. */
static uint64_t number_in(const struct account_log *log,
			  const struct account_log *before, uint64_t number)
{
	struct account_device device;

	if (!account_log_device(before, number, &device))
		return account_log_device(log, number, &device) &&
			       device.removed == 0
			   ? number
			   : 0;
	return find_device(log, device.link_key, &device) && device.removed == 0
		   ? device.number
		   : 0;
}

/* A device of the account stands by the number that the log has for it; one that does
 * not stand there is served nothing any more. */
static void settle_device(struct server *server, size_t at,
			  const struct server_account *account,
			  const struct account_log *before)
{
	struct server_device *device = &server->devices[at];
	uint8_t fingerprint[ACCOUNT_HASH];
	char identity[SIM_IDENTITY];
	uint64_t number;

	if (!places_read_leaf(span_str(device->identity), fingerprint,
			      &number) ||
	    !span_equal(SPAN_ARRAY(fingerprint),
			SPAN_ARRAY(account->fingerprint)))
		return;
	number = number_in(account->log, before, number);
	device->revoked = number == 0;
	if (number == 0) {
		server_end_device(device);
		return;
	}
	(void)snprintf(identity, sizeof(identity), "%s/%llu", account->name,
		       (unsigned long long)number);
	if (strcmp(identity, device->identity) != 0)
		server_name_device(server, at, identity);
}

/* ---- logs ---- */

static void go_over(struct server *server, struct server_account *account,
		    struct span links)
{
	struct server_account old = *account;
	struct buf before = BUF_INIT;
	struct rd r = rd_init(links);

	server_put_links(account, SIZE_MAX, &before);
	account->looked =
	    (size_t)account_links_shared(buf_span(&before), links);
	account->links = NULL;
	account->link_count = 0;
	while (rd_left(&r) > 0)
		*SIM_ADD(account->links, account->link_count) =
		    blob_make(rd_vec(&r));
	sim_must(account_log_new(&account->log), "a log");
	if (account_log_load(account->log, links).wrong != NULL)
		sim_stop("a log that counts does not load");
	old.branches = NULL;
	old.branch_count = 0;
	*SIM_ADD(account->branches, account->branch_count) = old;
	account->gone_over = true;
	for (size_t i = 0; i < server->device_count; i++)
		settle_device(server, i, account, old.log);
	buf_clear(&before);
}

static bool go_on(struct server *server, const struct server_account *account,
		  struct span links)
{
	struct rd r = rd_init(account_links_behind(links, account->link_count));

	while (rd_left(&r) > 0)
		if (!server_take_link(server, account->user, SPAN_EMPTY,
				      rd_vec(&r)))
			return false;
	return true;
}

bool server_take_log(struct server *server, struct server_account *account,
		     struct span links)
{
	struct account_log *none;
	enum account_order order = ACCOUNT_FORK;
	struct buf own = BUF_INIT;
	struct check_verdict verdict;

	server_put_links(account, SIZE_MAX, &own);
	sim_must(account_log_new(&none), "a log");
	verdict = account_log_compare(none, buf_span(&own), links, &order);
	account_log_free(none);
	buf_clear(&own);
	if (verdict.wrong != NULL)
		return false;
	if (order == ACCOUNT_SECOND)
		go_over(server, account, links);
	else if (order == ACCOUNT_SECOND_LONGER)
		return go_on(server, account, links);
	return order != ACCOUNT_FORK && order != ACCOUNT_FIRST;
}

bool server_take_branch(struct server *server, const char *user,
			struct span branch)
{
	struct server_account *account = server_account(server, user);
	struct account_link first;
	struct rd r = rd_init(branch);
	struct buf whole = BUF_INIT;
	bool taken;

	if (account == NULL ||
	    account_link_decode(rd_vec(&r), &first) != ERR_OK ||
	    first.number < 2 || first.number > account->link_count)
		return false;
	server_put_links(account, (size_t)first.number - 1, &whole);
	buf_put(&whole, branch);
	taken = server_take_log(server, account, buf_span(&whole));
	buf_clear(&whole);
	return taken;
}
