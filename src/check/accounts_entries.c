/* Which accounts are known, what of them is lacking, and which logs have grown. */
#include "check/accounts_entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"

enum err check_accounts_new(const struct check_source *source,
			    struct check_accounts **accounts)
{
	*accounts = calloc(1, sizeof(**accounts));
	if (*accounts == NULL)
		return ERR_LOCAL_MEMORY;
	if (source != NULL)
		(*accounts)->source = *source;
	return ERR_OK;
}

static void entry_free(struct known_account *entry)
{
	if (entry != NULL)
		known_account_clear(entry);
	free(entry);
}

void check_accounts_free(struct check_accounts *accounts)
{
	if (accounts == NULL)
		return;
	for (size_t i = 0; i < accounts->count; i++)
		entry_free(accounts->entries[i]);
	free(accounts->entries);
	free(accounts);
}

/* Where the account stands, or would. */
static size_t find_slot(const struct check_accounts *accounts,
			struct span fingerprint, bool *there)
{
	size_t low = 0, high = accounts->count;

	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(
		    SPAN_ARRAY(accounts->entries[middle]->fingerprint),
		    fingerprint);

		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err make_room(struct check_accounts *accounts)
{
	size_t room = accounts->room == 0 ? 8 : 2 * accounts->room;
	struct known_account **grown;

	if (accounts->count < accounts->room)
		return ERR_OK;
	grown =
	    realloc(accounts->entries, room * sizeof(struct known_account *));
	if (grown == NULL)
		return ERR_LOCAL_MEMORY;
	accounts->entries = grown;
	accounts->room = room;
	return ERR_OK;
}

static enum err ask_source(const struct check_accounts *accounts,
			   struct known_account *entry)
{
	const struct check_source *source = &accounts->source;
	const struct account_log *loaded = NULL;
	struct buf logs = BUF_INIT;
	struct rd r;
	enum err e = ERR_OK;

	if (source->logs == NULL)
		return ERR_OK;
	TRY(source->logs(source->context, SPAN_ARRAY(entry->fingerprint),
			 &logs));
	TRY(buf_end(&logs));
	r = rd_init(buf_span(&logs));
	while (rd_left(&r) > 0) {
		struct span links = rd_vec(&r);

		TRY(rd_ok(&r) ? ERR_OK : ERR_PEER_MALFORMED);
		if (links.n > 0 && entry->counts.log == NULL &&
		    source->loaded != NULL)
			TRY(source->loaded(source->context,
					   SPAN_ARRAY(entry->fingerprint),
					   &loaded));
		if (links.n > 0)
			TRY(known_account_put(entry, links, loaded));
		loaded = NULL;
	}
out:
	buf_clear(&logs);
	return e;
}

enum err accounts_get(struct check_accounts *accounts, struct span fingerprint,
		      struct known_account **found)
{
	struct known_account *made = NULL;
	bool there;
	size_t slot = find_slot(accounts, fingerprint, &there);
	enum err e;

	if (there) {
		*found = accounts->entries[slot];
		return ERR_OK;
	}
	made = calloc(1, sizeof(*made));
	ENSURE(made != NULL && fingerprint.n == ACCOUNT_HASH, ERR_LOCAL_MEMORY);
	memcpy(made->fingerprint, fingerprint.p, ACCOUNT_HASH);
	TRY(ask_source(accounts, made));
	TRY(make_room(accounts));
	memmove(&accounts->entries[slot + 1], &accounts->entries[slot],
		(accounts->count - slot) * sizeof(struct known_account *));
	accounts->entries[slot] = made;
	accounts->count++;
	*found = made;
	made = NULL;
out:
	entry_free(made);
	return e;
}

/* ---- what is lacking ---- */

struct check_verdict accounts_lack(struct known_account *entry,
				   const struct account_place *up_to)
{
	entry->lacks = true;
	entry->lacked = *up_to;
	return (struct check_verdict){
		"the log of an account is not known here up to its place",
		false, false
	};
}

bool check_accounts_lacks(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint)
{
	for (; *position < accounts->count; ++*position)
		if (accounts->entries[*position]->lacks) {
			*fingerprint = SPAN_ARRAY(
			    accounts->entries[*position]->fingerprint);
			++*position;
			return true;
		}
	return false;
}

struct account_place check_accounts_lacked(
    const struct check_accounts *accounts, struct span fingerprint)
{
	bool there;
	size_t slot = find_slot(accounts, fingerprint, &there);

	return there && accounts->entries[slot]->lacks
		   ? accounts->entries[slot]->lacked
		   : (struct account_place){ .number = 0 };
}

const char *check_accounts_lack(struct check_accounts *accounts,
				struct span fingerprint)
{
	const struct account_place all = { .number = 0 };
	struct known_account *entry;

	return accounts_get(accounts, fingerprint, &entry) == ERR_OK
		   ? accounts_lack(entry, &all).wrong
		   : "no memory";
}

void check_accounts_forget_lacks(struct check_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++)
		accounts->entries[i]->lacks = false;
}

/* ---- what has grown ---- */

/* The log that counts, and behind it the branches. */
bool check_accounts_grown(const struct check_accounts *accounts,
			  size_t *position, struct span *fingerprint,
			  struct span *links)
{
	const size_t each = KNOWN_BRANCHES + 1;

	for (; *position < accounts->count * each; ++*position) {
		struct known_account *entry =
		    accounts->entries[*position / each];
		size_t at = *position % each;

		if (at > entry->branch_count ||
		    !known_account_at(entry, at)->grown)
			continue;
		*fingerprint = SPAN_ARRAY(entry->fingerprint);
		*links = buf_span(&known_account_at(entry, at)->links);
		++*position;
		return true;
	}
	return false;
}

void check_accounts_kept(struct check_accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++)
		for (size_t k = 0; k <= accounts->entries[i]->branch_count; k++)
			known_account_at(accounts->entries[i], k)->grown =
			    false;
}

static void forget(struct check_accounts *accounts, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < accounts->count; i++) {
		if (all || known_account_has_grown(accounts->entries[i]))
			entry_free(accounts->entries[i]);
		else
			accounts->entries[kept++] = accounts->entries[i];
	}
	accounts->count = kept;
}

void check_accounts_undo(struct check_accounts *accounts)
{
	forget(accounts, false);
}

void check_accounts_reset(struct check_accounts *accounts)
{
	forget(accounts, true);
}
