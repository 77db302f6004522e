#include "check/known.h"

#include <string.h>

void known_clear(struct known *known)
{
	account_log_free(known->log);
	buf_clear(&known->links);
	*known = (struct known){ .log = NULL };
}

void known_account_clear(struct known_account *account)
{
	known_clear(&account->counts);
	for (size_t i = 0; i < account->branch_count; i++)
		known_clear(&account->branches[i]);
}

enum err known_load(struct span links, struct account_log **log)
{
	struct account_log *loaded = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(account_log_new(&loaded));
	verdict = account_log_load(loaded, links);
	ENSURE(!verdict.local, ERR_LOCAL_MEMORY);
	ENSURE(verdict.wrong == NULL, ERR_PEER_MALFORMED);
	*log = loaded;
	loaded = NULL;
out:
	account_log_free(loaded);
	return e;
}

/* ---- branches ---- */

bool known_has(const struct known *known, const struct account_place *place)
{
	return known->log != NULL && account_log_has(known->log, place);
}

struct known *known_account_find(struct known_account *account,
				 const struct account_place *place)
{
	if (known_has(&account->counts, place))
		return &account->counts;
	for (size_t i = 0; i < account->branch_count; i++)
		if (known_has(&account->branches[i], place)) {
			account->branches[i].sought = true;
			return &account->branches[i];
		}
	return NULL;
}

/* Does the one go on where the other one ends? */
static bool goes_on(const struct known *known, const struct known *before)
{
	struct account_place end;

	account_log_place(before->log, &end);
	return known_has(known, &end);
}

static size_t oldest_unsought(const struct known_account *account)
{
	size_t at = 0;

	while (at < account->branch_count && account->branches[at].sought)
		at++;
	return at < account->branch_count ? at : 0;
}

/* Takes over what `known` has. A branch that ends in it makes room. */
static void keep_branch(struct known_account *account, struct known *known)
{
	size_t at = 0;

	while (at < account->branch_count &&
	       !goes_on(known, &account->branches[at]))
		at++;
	if (at == account->branch_count && at < KNOWN_BRANCHES) {
		account->branch_count++;
	} else {
		at = at < KNOWN_BRANCHES ? at : oldest_unsought(account);
		known_clear(&account->branches[at]);
		memmove(&account->branches[at], &account->branches[at + 1],
			(account->branch_count - at - 1) *
			    sizeof(account->branches[0]));
	}
	account->branches[account->branch_count - 1] = *known;
	*known = (struct known){ .log = NULL };
}

enum err known_compare(const struct known *known, const struct known *other,
		       enum account_order *order)
{
	struct account_log *none = NULL;
	struct check_verdict verdict;
	enum err e;

	TRY(account_log_new(&none));
	verdict = account_log_compare(none, buf_span(&known->links),
				      buf_span(&other->links), order);
	ENSURE(verdict.wrong == NULL, ERR_LOCAL_MEMORY); /* both are good */
out:
	account_log_free(none);
	return e;
}

enum err known_account_take(struct known_account *account, struct known *known)
{
	enum account_order order = ACCOUNT_SAME;
	struct account_place end;
	struct known lost;
	enum err e = ERR_OK;

	account_log_place(known->log, &end);
	account->lacks = false;
	if (known_account_find(account, &end) != NULL)
		goto out;
	if (account->counts.log == NULL || goes_on(known, &account->counts)) {
		known_clear(&account->counts);
		account->counts = *known;
		*known = (struct known){ .log = NULL };
		goto out;
	}
	TRY(known_compare(&account->counts, known, &order));
	if (order == ACCOUNT_SECOND) {
		lost = account->counts;
		account->counts = *known;
		*known = lost;
	}
	keep_branch(account, known);
out:
	known_clear(known);
	return e;
}

enum err known_account_put(struct known_account *account, struct span links,
			   const struct account_log *loaded)
{
	struct known known = { .log = NULL };
	enum err e;

	buf_put(&known.links, links);
	TRY(buf_end(&known.links));
	if (loaded != NULL)
		TRY(account_log_copy(loaded, &known.log));
	else
		TRY(known_load(links, &known.log));
	if (account->counts.log == NULL)
		account->counts = known;
	else
		keep_branch(account, &known);
	known = (struct known){ .log = NULL };
out:
	known_clear(&known);
	return e;
}

struct known *known_account_at(struct known_account *account, size_t at)
{
	return at == 0 ? &account->counts : &account->branches[at - 1];
}

bool known_account_has_grown(struct known_account *account)
{
	for (size_t k = 0; k <= account->branch_count; k++)
		if (known_account_at(account, k)->grown)
			return true;
	return false;
}
