#include "mqtt/cache.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "mqtt/members.h"
#include "store/listener.h"
#include "store/notifier.h"
#include "store/poll_loop.h"

enum {
	PAGE = 1000,	   /* sessions read at once */
	WANTED_MAX = 4096, /* sessions to be looked up; beyond it: all */
	GONE_MAX = 1024,   /* ids of the last notices of a revocation */
	KEYS_MS = 2000,
	REVOKED_MS = 5000
};

/* A session to be looked up, whatever its epoch when `force`. */
struct wanted {
	struct uuid session;
	bool force;
};

static struct {
	pthread_mutex_t lock; /* of all that both threads use: */
	struct token_keys keys;
	struct members *members;
	struct uuid *revoked; /* families, in ascending order */
	size_t revoked_count;
	struct uuid gone[GONE_MAX];
	size_t gone_next;
	struct wanted wanted[WANTED_MAX];
	size_t wanted_count;
	bool all, loaded, stopping;
	int wake; /* an eventfd */
	/* the thread's own: */
	struct cache_settings settings;
	pthread_t thread;
	struct poll_loop *loop;
	struct connection *queries;
	struct listener *listener;
	struct members *fresh; /* being read, page by page */
	struct uuid page_after;
	size_t refused; /* vouchers that were not good, the last time */
	bool asking, listening, revoked_again, asking_revoked, asking_keys;
} c = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1 };

static void lock(void)
{
	(void)pthread_mutex_lock(&c.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&c.lock);
}

/* ---- what the broker asks ---- */

enum err cache_verify(const char *token, struct identity *out)
{
	struct token_keys keys;
	bool loaded;

	lock();
	keys = c.keys;
	loaded = c.loaded;
	unlock();
	if (!loaded || keys.count == 0)
		return ERR_LOCAL_BUSY;
	if (token_verify(&keys, c.settings.issuer, c.settings.audience,
			 c.settings.access_seconds, token, (uint64_t)time(NULL),
			 out) != ERR_OK)
		return ERR_PEER_DENIED;
	return cache_is_revoked(out) ? ERR_PEER_DENIED : ERR_OK;
}

static bool is_gone(struct uuid id)
{
	if (uuid_is_nil(id))
		return false;
	for (size_t i = 0; i < GONE_MAX; i++)
		if (uuid_equal(c.gone[i], id))
			return true;
	return false;
}

bool cache_is_revoked(const struct identity *token)
{
	const struct uuid family = token->family;
	bool found;

	lock();
	found = (c.revoked_count > 0 &&
		 bsearch(&family, c.revoked, c.revoked_count, sizeof(family),
			 uuid_compare) != NULL) ||
		is_gone(family) || is_gone(token->device);
	unlock();
	return found;
}

/* With the lock held. */
static void want(struct uuid session, bool force)
{
	for (size_t i = 0; i < c.wanted_count; i++)
		if (uuid_equal(c.wanted[i].session, session)) {
			c.wanted[i].force |= force;
			return;
		}
	if (c.wanted_count == WANTED_MAX) {
		c.all = true;
		return;
	}
	c.wanted[c.wanted_count++] = (struct wanted){ session, force };
}

static void wake(void)
{
	uint64_t one = 1;

	if (write(c.wake, &one, sizeof(one)) < 0)
		return; /* it is full of wakes already */
}

bool cache_is_member(struct uuid session, struct uuid device)
{
	bool member, asked = false;

	lock();
	member = c.members != NULL && members_have(c.members, session, device);
	/* strangers' guesses must not make it read everything again */
	if (!member && c.wanted_count < WANTED_MAX) {
		want(session, false);
		asked = true;
	}
	unlock();
	if (asked)
		wake();
	return member;
}

/* ---- members ---- */

static void ask(void);

/* The rows of one or more sessions, in their order, into `to`. */
static enum err take_members(struct rows *rows, struct members *to,
			     size_t *sessions, struct uuid *last)
{
	size_t n = rows_count(rows), count = 0;
	struct uuid *devices = calloc(n + 1, sizeof(*devices)), session;
	enum err e = ERR_OK;

	*sessions = 0;
	ENSURE(devices != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < n; i++) {
		struct uuid next = { { 0 } };

		session = rows_uuid(rows, i, "session_id");
		if (!rows_is_null(rows, i, "device_id"))
			devices[count++] = rows_uuid(rows, i, "device_id");
		if (i + 1 < n)
			next = rows_uuid(rows, i + 1, "session_id");
		TRY(rows_end(rows));
		if (i + 1 < n && uuid_equal(session, next))
			continue;
		TRY(members_set(to, session, rows_i64(rows, i, "epoch"),
				devices, count));
		*last = session;
		++*sessions;
		count = 0;
	}
out:
	free(devices);
	return e;
}

static void on_members(void *arg, enum err e, struct rows *rows)
{
	struct uuid last;
	size_t sessions;

	(void)arg;
	c.asking = false;
	lock();
	if (e == ERR_OK)
		e = take_members(rows, c.members, &sessions, &last);
	if (e != ERR_OK)
		c.all = true;
	unlock();
	if (e == ERR_OK)
		ask();
}

static void on_page(void *arg, enum err e, struct rows *rows)
{
	size_t sessions = 0;
	struct members *old;

	(void)arg;
	c.asking = false;
	if (e == ERR_OK)
		e = take_members(rows, c.fresh, &sessions, &c.page_after);
	if (e != ERR_OK) {
		members_free(c.fresh);
		c.fresh = NULL;
		lock();
		c.all = true; /* the tick tries again */
		unlock();
		return;
	}
	if (sessions == PAGE) {
		ask();
		return;
	}
	lock();
	old = c.members;
	c.members = c.fresh;
	c.loaded = true;
	unlock();
	c.fresh = NULL;
	members_free(old);
	ask();
}

static void ask_page(void)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, c.page_after);
	params_i32(&params, PAGE);
	c.asking = connection_send(c.queries, STATEMENT_MQTT_MEMBERS_PAGE,
				   &params, on_page, NULL) == ERR_OK;
}

/* With the lock held. */
static void put_wanted(struct params *params)
{
	params_open_array(params, PARAMS_UUID, c.wanted_count);
	for (size_t i = 0; i < c.wanted_count; i++)
		params_put_bytes(params, SPAN_ARRAY(c.wanted[i].session.bytes));
	params_close_array(params);
	params_open_array(params, PARAMS_INT8, c.wanted_count);
	for (size_t i = 0; i < c.wanted_count; i++)
		params_put_i64(
		    params,
		    c.wanted[i].force
			? -1
			: members_epoch(c.members, c.wanted[i].session));
	params_close_array(params);
	c.wanted_count = 0;
}

/* Asks what is to be known next, one question at a time. */
static void ask(void)
{
	struct params params = PARAMS_INIT;
	bool all, some = false;

	if (c.asking || !c.listening || !connection_is_ready(c.queries))
		return;
	lock();
	all = c.all;
	c.all = false;
	if (!all && c.fresh == NULL && c.members != NULL &&
	    c.wanted_count > 0) {
		put_wanted(&params);
		some = true;
	}
	unlock();
	if (all) {
		members_free(c.fresh);
		c.fresh = NULL;
		c.page_after = (struct uuid){ { 0 } };
		if (members_new(&c.fresh) != ERR_OK)
			return;
	}
	if (c.fresh != NULL)
		ask_page();
	else if (some)
		c.asking = connection_send(c.queries, STATEMENT_MQTT_MEMBERS,
					   &params, on_members, NULL) == ERR_OK;
}

/* ---- keys and revocations ---- */

static void on_keys(void *arg, enum err e, struct rows *rows)
{
	struct token_keys keys = { .count = 0 };
	size_t refused = 0;

	(void)arg;
	c.asking_keys = false;
	if (e != ERR_OK)
		return;
	for (size_t i = 0; i < rows_count(rows); i++)
		if (token_add_key(&keys, span_str(c.settings.secret),
				  rows_text(rows, i, "kid"),
				  rows_text(rows, i, "voucher")) != ERR_OK)
			refused++;
	if (rows_end(rows) != ERR_OK)
		return;
	if (refused != c.refused)
		LOG(WARN,
		    "signing keys without a voucher under "
		    "HERMETIC_MQTT_KEYS_SECRET",
		    LOG_NUM("count", refused), LOG_NUM("good", keys.count));
	c.refused = refused;
	lock();
	c.keys = keys;
	unlock();
}

static void ask_keys(void *arg)
{
	struct params none = PARAMS_INIT;

	(void)arg;
	if (!c.asking_keys && connection_is_ready(c.queries))
		c.asking_keys = connection_send(c.queries, STATEMENT_MQTT_KEYS,
						&none, on_keys, NULL) == ERR_OK;
}

static void ask_revoked(void *arg);

static void on_revoked(void *arg, enum err e, struct rows *rows)
{
	size_t n = e == ERR_OK ? rows_count(rows) : 0;
	struct uuid *fresh = calloc(n + 1, sizeof(*fresh));

	(void)arg;
	c.asking_revoked = false;
	for (size_t i = 0; fresh != NULL && i < n; i++)
		fresh[i] = rows_uuid(rows, i, "family_id");
	if (e == ERR_OK && fresh != NULL && rows_end(rows) == ERR_OK) {
		qsort(fresh, n, sizeof(*fresh), uuid_compare);
		lock();
		free(c.revoked);
		c.revoked = fresh;
		c.revoked_count = n;
		unlock();
	} else {
		free(fresh);
	}
	if (c.revoked_again)
		ask_revoked(NULL);
}

static void ask_revoked(void *arg)
{
	struct params params = PARAMS_INIT;

	(void)arg;
	/* one that was asked before a notice may not show it yet */
	c.revoked_again = c.asking_revoked;
	if (c.asking_revoked || !connection_is_ready(c.queries))
		return;
	params_i64(&params,
		   (int64_t)bearer_revoked_s(c.settings.access_seconds));
	c.asking_revoked = connection_send(c.queries, STATEMENT_REVOCATION_LIST,
					   &params, on_revoked, NULL) == ERR_OK;
}

/* ---- the thread ---- */

static void on_notice(void *arg, const struct notice *notice)
{
	(void)arg;
	switch (notice->kind) {
	case NOTICE_MESSAGE:
	case NOTICE_MEMBERS:
		lock();
		want(notice->id, notice->kind == NOTICE_MEMBERS);
		unlock();
		break;
	case NOTICE_REVOKED:
		lock();
		c.gone[c.gone_next++ % GONE_MAX] = notice->id;
		unlock();
		ask_revoked(NULL);
		break;
	case NOTICE_WELCOME:
	case NOTICE_ROTATION:
	case NOTICE_KEY_PACKAGES:
	case NOTICE_APPROVAL:
	case NOTICE_TYPING:
		break;
	}
}

static void on_notify(void *arg, const char *payload)
{
	lines_parse(payload, NULL, on_notice, arg);
	ask();
}

static void on_listening(void *arg)
{
	c.listening = true;
	lock();
	c.all = true;
	unlock();
	ask_revoked(arg);
	ask();
}

static void on_wake(void *arg, unsigned events)
{
	uint64_t count;

	(void)arg;
	(void)events;
	if (read(c.wake, &count, sizeof(count)) > 0)
		ask();
}

static void on_tick(void *arg)
{
	(void)arg;
	if (c.keys.count == 0)
		ask_keys(NULL);
	ask();
}

static void *run(void *arg)
{
	bool stopping = false;

	while (!stopping) {
		poll_loop_run(c.loop, 100);
		lock();
		stopping = c.stopping;
		unlock();
	}
	return arg;
}

static enum err open_connections(void)
{
	struct connection_settings to = { .conninfo = c.settings.conninfo,
					  .name = "hermetic mqtt",
					  .keeps_plans = true,
					  .durable = false,
					  .queue_max = 8,
					  .wait_ms = 10000 };
	struct listener_settings listens = { .conninfo = c.settings.conninfo,
					     .name = "hermetic mqtt listener",
					     .on_ready = on_listening,
					     .on_notify = on_notify };
	const struct store_loop *loop = poll_loop_store(c.loop);
	enum err e;

	TRY(connection_open(loop, &to, &c.queries));
	listens.teller = c.queries;
	TRY(listener_open(loop, &listens, &c.listener));
	loop->watch(loop->context, c.wake, STORE_READ, on_wake, NULL);
	loop->every(loop->context, 100, on_tick, NULL);
	loop->every(loop->context, KEYS_MS, ask_keys, NULL);
	loop->every(loop->context, REVOKED_MS, ask_revoked, NULL);
out:
	return e;
}

enum err cache_start(const struct cache_settings *settings)
{
	sigset_t every, before;
	enum err e;
	int failed;

	c.settings = *settings;
	TRY(members_new(&c.members));
	c.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ENSURE(c.wake >= 0, ERR_LOCAL_IO);
	TRY(poll_loop_new(&c.loop));
	TRY(open_connections());
	/* signals are the broker's */
	(void)sigfillset(&every);
	(void)pthread_sigmask(SIG_SETMASK, &every, &before);
	failed = pthread_create(&c.thread, NULL, run, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	ENSURE(failed == 0, ERR_LOCAL_MEMORY);
out:
	return e;
}

void cache_stop(void)
{
	lock();
	c.stopping = true;
	unlock();
	wake();
	(void)pthread_join(c.thread, NULL);
}
