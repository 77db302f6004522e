/*
 * How the server reads a commit and a GroupInfo, and the names in them: a GroupInfo and
 * a commit, opaque<V> each, as in the corpus of what it checks. The session is the one
 * that the commit names. The whole input is a name, too.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "server/account_name.h"
#include "server/answer.h"
#include "server/commit.h"
#include "server/group_info.h"
#include "wire/message.h"
#include "wire/types.h"

/* ---- nothing is asked of a database, and nobody is answered ---- */

struct store *answer_store(void)
{
	return NULL;
}

enum err known_logs_need(struct known_logs *known, struct span fingerprint)
{
	(void)known;
	return fingerprint.n == ACCOUNT_HASH ? ERR_OK : ERR_LOCAL_BUG;
}

bool known_logs_lacking(const struct known_logs *known)
{
	(void)known;
	return false;
}

void request_problem(struct request *req, enum outcome outcome,
		     const char *detail)
{
	(void)req;
	(void)outcome;
	(void)detail;
	abort();
}

/* ---- what was read ---- */

static void check_name(const struct leaf_name *name)
{
	const char *end = memchr(name->username, '\0', LEAF_USERNAME);

	if (end == NULL ||
	    (!name->of_account &&
	     (end == name->username || strchr(name->username, '/') != NULL)) ||
	    (name->of_account && end != name->username))
		abort();
}

static void use_name(struct span text)
{
	const struct account_name account = account_name_of(text);
	struct leaf_name leaf;

	if (account.is_fingerprint
		? text.n != (size_t)2 * ACCOUNT_HASH || account.username.n > 0
		: !span_equal(account.username, text))
		abort();
	if (leaf_name_read(&leaf, text))
		check_name(&leaf);
}

static void use_commit(struct span bytes)
{
	static struct commit commit; /* it is large */
	struct params params = PARAMS_INIT;
	struct wire_message message;
	struct uuid session = { { 0 } };
	struct span id = SPAN_EMPTY;

	if (wire_message_decode(bytes, &message) == ERR_OK &&
	    message.format == WIRE_PUBLIC_MESSAGE)
		id = message.public_message.content.group_id;
	if (id.n >= sizeof(session.bytes))
		session = uuid_of(id.p);
	if (commit_read(&commit, bytes, session) != NULL)
		return;
	if (commit.added_count > COMMIT_CHANGES_MAX ||
	    commit.removed_count > COMMIT_CHANGES_MAX ||
	    (commit.external && !commit.has_path))
		abort();
	for (size_t i = 0; i < commit.removed_count; i++)
		if (commit.removed[i] > INT32_MAX)
			abort();
	for (size_t i = !commit.has_path; i < 1 + commit.added_count; i++)
		check_name(&commit.names[i]);
	if (commit_need_logs(&commit, NULL) != ERR_OK)
		abort();
	commit_put_view(&commit, &params);
	if (params_end(&params) != ERR_OK || params.count != 2)
		abort();
	params_clear(&params);
}

static bool each_leaf(void *arg, uint32_t leaf, struct span identity)
{
	const struct span *whole = arg;

	if (identity.n > 0 && (identity.p < whole->p ||
			       identity.p + identity.n > whole->p + whole->n))
		abort();
	use_name(identity);
	return leaf < UINT32_MAX / 2;
}

static void use_group_info(struct span bytes)
{
	static const struct uuid session;

	(void)group_info_leaves(bytes, each_leaf, &bytes);
	(void)group_info_fits(bytes, session, 0, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(span_of(data, size));
	struct span info = rd_vec(&r), commit = rd_vec(&r);

	use_name(span_of(data, size));
	if (!rd_ok(&r))
		return 0;
	use_group_info(info);
	use_commit(commit);
	return 0;
}
