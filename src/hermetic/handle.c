/* A handle: made, opened, logged in and out, freed; its passphrase, and its end. */
#include "hermetic/inside.h"
#include "reach/agent.h"
#include "reach/closing.h"
#include "reach/come_in.h"
#include "reach/drive.h"
#include "reach/enrol.h"
#include "reach/pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- making ---- */

static enum err copy(char **to, const char *text)
{
	if (text == NULL)
		return ERR_OK;
	*to = strdup(text);
	return *to != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err copy_texts(struct hermetic *h,
			   const struct hermetic_config *config)
{
	enum err e;

	TRY(copy(&h->home, config->home));
	TRY(copy(&h->server, config->server));
	TRY(copy(&h->username, config->username));
	TRY(copy(&h->device_name, config->device_name != NULL
				      ? config->device_name
				      : "library"));
	TRY(copy(&h->algorithms, config->algorithms));
	TRY(copy(&h->ca, config->ca));
	TRY(copy(&h->mqtt, config->mqtt));
	if (config->passphrase != NULL)
		buf_put_str(&h->passphrase, config->passphrase);
	TRY(buf_end(&h->passphrase));
out:
	return e;
}

static bool is_cost(uint32_t n)
{
	return n >= 1u << 14 && n <= 1u << 22 && (n & (n - 1)) == 0;
}

static enum err take_numbers(struct hermetic *h,
			     const struct hermetic_config *config)
{
	h->cost = PASSWORD_COST;
	if (config->scrypt_n != 0 && !is_cost(config->scrypt_n))
		return why_set(&h->a.why, ERR_PEER_INVALID, "usage",
			       "scrypt_n is a power of two from 16384 to "
			       "4194304, not %u.",
			       config->scrypt_n);
	if (config->scrypt_n != 0)
		h->cost.n = config->scrypt_n;
	if (config->stock > 100)
		return why_set(&h->a.why, ERR_PEER_INVALID, "usage",
			       "stock is a number from 1 to 100, not %u.",
			       config->stock);
	h->a.stock = config->stock;
	return ERR_OK;
}

static enum err configure(struct hermetic *h, const void *given)
{
	struct hermetic_config config;
	enum err e;

	TRY(inside_start());
	if (given == NULL || !inside_take(&config, sizeof(config), given))
		TRY(why_set(&h->a.why, ERR_PEER_INVALID, "usage",
			    "The size of struct hermetic_config is not set, or "
			    "the program was compiled for a later version of "
			    "the library."));
	TRY(take_numbers(h, &config));
	TRY(copy_texts(h, &config));
	h->a.home = h->home;
	/* a program tells what its person has read when it can say so */
	h->a.no_receipts = !config.receipts;
	h->a.ca = h->ca;
	h->a.mqtt = h->mqtt;
	h->agent = config.agent;
	h->patient = config.patient;
	h->follow = json_object();
	h->unsent = json_object();
	ENSURE(h->follow != NULL && h->unsent != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

/* One that could not be configured serves hermetic_why() and nothing else. */
enum hermetic_result hermetic_new(const struct hermetic_config *config,
				  struct hermetic **out)
{
	struct hermetic *h;
	enum hermetic_result result = HERMETIC_LOCAL;

	if (out == NULL)
		return HERMETIC_USAGE;
	h = calloc(1, sizeof(*h));
	if (h != NULL) {
		h->poll_fd = h->timer_fd = h->channel_fd = -1;
		result = inside_result(h, configure(h, config));
	}
	if (result == HERMETIC_LOCAL) {
		hermetic_free(h);
		h = NULL;
	}
	*out = h;
	return result;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void hermetic_free(struct hermetic *h)
{
	if (h == NULL)
		return;
	if (h->within > 0)
		return;
	inside_pause(h);
	live_close(h->live);
	greeting_clear(h);
	live_close(h->way);
	agent_close(h->holds);
	account_close(&h->a);
	told_clear(&h->told);
	told_free_event(h->entry);
	inside_found_clear(&h->found);
	inside_list_clear(&h->sessions);
	inside_list_clear(&h->members);
	inside_list_clear(&h->letters);
	inside_list_clear(&h->outbox);
	inside_list_clear(&h->people);
	inside_list_clear(&h->devices);
	inside_list_clear(&h->blocks);
	inside_list_clear(&h->key_changes);
	inside_list_clear(&h->receipts);
	inside_list_clear(&h->invitations);
	inside_list_clear(&h->labels);
	buf_clear(&h->label);
	json_decref(h->given);
	json_decref(h->follow);
	json_decref(h->unsent);
	close_fd(h->timer_fd);
	close_fd(h->poll_fd);
	buf_clear(&h->passphrase);
	buf_clear(&h->recovery_key);
	buf_clear(&h->json);
	buf_clear(&h->about);
	buf_clear(&h->picture);
	buf_clear(&h->saved);
	free(h->home);
	free(h->server);
	free(h->username);
	free(h->device_name);
	free(h->algorithms);
	free(h->ca);
	free(h->mqtt);
	free(h);
	pause_ask(NULL, NULL);
}

enum hermetic_result hermetic_set_passphrase(struct hermetic *h,
					     const char *passphrase,
					     size_t size)
{
	struct buf given = BUF_INIT;
	enum err e;

	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	why_clear(&h->a.why);
	if (size > 0)
		INSIDE_TAKES(h, ARGUMENT_POINTER, passphrase);
	buf_put(&given, span_of(passphrase, size));
	TRY(buf_end(&given));
	buf_clear(&h->passphrase);
	h->passphrase = given;
	given = BUF_INIT;
out:
	buf_clear(&given);
	return inside_result(h, e);
}

void hermetic_set_patience(struct hermetic *h,
			   bool (*is_over)(void *context, uint64_t waited_ms),
			   void *context)
{
	if (h == NULL)
		return;
	h->is_over = is_over;
	h->is_over_with = context;
}

bool hermetic_exists(const struct hermetic *h)
{
	return h != NULL && h->home != NULL && state_exists(h->home);
}

const char *hermetic_username(const struct hermetic *h)
{
	return h != NULL && h->a.device != NULL ? h->a.username : "";
}

const char *hermetic_device_id(const struct hermetic *h)
{
	return h != NULL && h->a.device != NULL ? h->a.device_id : "";
}

/* ---- opening ---- */

enum hermetic_result handle_may_open(struct hermetic *h)
{
	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	if (h->home == NULL)
		return inside_refuse(h, "usage",
				     "hermetic_new() was given no home, or "
				     "refused this handle.");
	if (h->open)
		return inside_refuse(h, "usage", "The device is open already.");
	inside_begin(h);
	return HERMETIC_OK;
}

static enum hermetic_result opened(struct hermetic *h, enum err e)
{
	h->open = e == ERR_OK;
	if (!h->open)
		account_close(&h->a);
	return inside_result(h, e);
}

/* An agent that holds the keys of another state than the one that is there now is as
 * good as none. */
static enum err peek_by_agent(struct account *a)
{
	struct state_keys keys = { .seal = { .n = 0 } };
	enum err e;

	if (agent_keys(a->home, &keys) != ERR_OK)
		return ERR_OK;
	e = account_peek_keys(a, &keys);
	if (e == ERR_PEER_CRYPTO) {
		why_clear(&a->why);
		e = ERR_OK;
	}
	state_keys_clear(&keys);
	return e;
}

static enum err has_passphrase(struct hermetic *h)
{
	if (h->passphrase.n > 0)
		return ERR_OK;
	return why_set(&h->a.why, ERR_STATE_PENDING, "passphrase-needed",
		       "No passphrase was given.");
}

enum err handle_can_open(struct hermetic *h)
{
	if (!state_exists(h->home))
		return why_set(&h->a.why, ERR_STATE_GONE, "no-state",
			       "Nobody is logged in in %s.", h->home);
	return h->a.state != NULL ? ERR_OK : has_passphrase(h);
}

static enum err open_state(struct hermetic *h)
{
	enum err e;

	if (h->agent && state_exists(h->home))
		TRY(peek_by_agent(&h->a));
	TRY(handle_can_open(h));
	TRY(account_open(&h->a, buf_span(&h->passphrase), h->server,
			 h->username));
out:
	return e;
}

enum hermetic_result hermetic_open(struct hermetic *h)
{
	enum hermetic_result result = handle_may_open(h);

	return result != HERMETIC_OK ? result : opened(h, open_state(h));
}

/* ---- logging in ---- */

/* How a device comes into the log of its account: by what is not NULL, or as the first
 * device of another account. */
struct way_in {
	const struct hermetic_approval *approval;
	const char *recovery_key;
	bool anew;
};

/* These two call a function of the program, which may not use the handle meanwhile. */
static const char *ask_key(struct hermetic *h,
			   const struct hermetic_approval *approval)
{
	const char *key;

	h->within++;
	key = approval->recovery_key(approval->context);
	h->within--;
	return key;
}

struct shown {
	struct hermetic *h;
	const struct hermetic_approval *to;
};

static void show(void *context, const char *code)
{
	struct shown *shown = context;

	shown->h->within++;
	shown->to->show(shown->to->context, code);
	shown->h->within--;
}

static enum err let_in(struct hermetic *h, const struct way_in *way)
{
	const struct hermetic_approval *approval = way->approval;
	const char *key = way->recovery_key;
	bool asks = approval != NULL && approval->recovery_key != NULL;
	bool needed;
	enum err e;

	if (way->anew || key != NULL || asks) {
		TRY(enrol_must_be_needed(&h->a));
		if (asks)
			key = ask_key(h, approval);
		if (!way->anew && key == NULL)
			TRY(why_set(&h->a.why, ERR_STATE_GONE, "recovery-key",
				    "There is no recovery key."));
		TRY(way->anew ? enrol_anew(&h->a)
			      : enrol_by_recovery(&h->a, key));
		goto out;
	}
	TRY(enrol_is_needed(&h->a, &needed));
	if (!needed)
		goto out;
	if (approval == NULL)
		TRY(why_set(&h->a.why, ERR_STATE_PENDING, "approval-needed",
			    "This device is new, and another device of the "
			    "account has to approve it."));
	TRY(enrol_by_approval(&h->a, approval->show != NULL ? show : NULL,
			      &(struct shown){ h, approval }));
out:
	return e;
}

static enum err add_joined(void *context, const char *id)
{
	return json_array_append_new(context,
				     json_pack("{s:s}", "session_id", id)) == 0
		   ? ERR_OK
		   : ERR_LOCAL_MEMORY;
}

/* The device is logged in all the same. */
static void add_not_joined(void *context, const char *id, const struct why *why)
{
	(void)json_array_append_new(
	    context, json_pack("{s:s, s:s, s:s}", "session_id", id, "error",
			       why->slug, "detail", why->text));
}

/* Who is logged in, and the sessions that were to be joined. */
static enum err give_login(struct hermetic *h, json_t *sessions)
{
	const struct account *a = &h->a;
	json_t *given =
	    json_pack("{s:s, s:s, s:s, s:s, s:o, s:O}", "username", a->username,
		      "user_id", a->user_id, "device_id", a->device_id,
		      "server", a->server, "algorithms",
		      account_suites_to_json(&a->suites), "sessions", sessions);

	inside_give(h, given);
	json_decref(given);
	return given != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err log_in(struct hermetic *h, bool is_new,
		       const struct way_in *way)
{
	const struct account_login login = {
		.is_new = is_new,
		.server = h->server,
		.username = h->username,
		.algorithms = h->algorithms,
		.device_name = h->device_name,
		.passphrase = buf_span(&h->passphrase),
		.state_cost = h->cost,
	};
	json_t *sessions = json_array();
	const struct come_in_listener listener = { add_joined, add_not_joined,
						   sessions };
	enum err e;

	ENSURE(sessions != NULL, ERR_LOCAL_MEMORY);
	TRY(account_check_login(&h->a, &login));
	TRY(has_passphrase(h));
	TRY(account_login(&h->a, &login));
	TRY(let_in(h, way));
	TRY(drive_session(&h->a, ORDER_STOCK, NULL));
	TRY(come_in(&h->a, &listener));
	TRY(give_login(h, sessions));
out:
	json_decref(sessions);
	return e;
}

enum hermetic_result hermetic_register(struct hermetic *h)
{
	const struct way_in way = { .approval = NULL };
	enum hermetic_result result = handle_may_open(h);

	return result != HERMETIC_OK ? result
				     : opened(h, log_in(h, true, &way));
}

enum hermetic_result hermetic_login(struct hermetic *h,
				    const struct hermetic_approval *given)
{
	struct hermetic_approval approval;
	enum hermetic_result result = handle_may_open(h);

	if (result != HERMETIC_OK)
		return result;
	if (given != NULL &&
	    (!inside_take(&approval, sizeof(approval), given) ||
	     (approval.show == NULL && approval.recovery_key == NULL)))
		return inside_refuse(h, "usage",
				     "struct hermetic_approval wants its size, "
				     "and a function that shows the code, or "
				     "has the recovery key.");
	return opened(
	    h, log_in(h, false,
		      &(struct way_in){ .approval = given != NULL ? &approval
								  : NULL }));
}

enum hermetic_result hermetic_recover(struct hermetic *h,
				      const char *recovery_key)
{
	const struct way_in way = { .recovery_key = recovery_key };
	enum hermetic_result result = handle_may_open(h);

	if (result != HERMETIC_OK)
		return result;
	if (recovery_key == NULL)
		return inside_refuse(h, "usage", "There is no recovery key.");
	return opened(h, log_in(h, false, &way));
}

enum hermetic_result hermetic_begin_anew(struct hermetic *h)
{
	const struct way_in way = { .anew = true };
	enum hermetic_result result = handle_may_open(h);

	return result != HERMETIC_OK ? result
				     : opened(h, log_in(h, false, &way));
}

static void no_device(struct hermetic *h)
{
	live_close(h->live);
	greeting_clear(h);
	live_close(h->way);
	h->live = h->way = NULL;
	h->open = false;
}

enum hermetic_result hermetic_logout(struct hermetic *h)
{
	enum err e;

	INSIDE_OPEN(h);
	e = account_logout(&h->a);
	if (e == ERR_OK)
		no_device(h);
	return inside_result(h, e);
}

/* ---- the passphrase, and the end ---- */

static enum err give_username(struct hermetic *h)
{
	json_t *given = json_pack("{s:s}", "username", h->a.username);

	inside_give(h, given);
	json_decref(given);
	return given != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

/* Where nobody is logged in it is changed, too. */
static enum err change_passphrase(struct hermetic *h,
				  const struct account_change *change)
{
	struct buf kept = BUF_INIT;
	enum err e;

	buf_put(&kept, change->passphrase);
	TRY(buf_end(&kept));
	TRY(handle_can_open(h));
	TRY(account_peek(&h->a, buf_span(&h->passphrase)));
	TRY(account_change_passphrase(&h->a, h->server, change));
	TRY(give_username(h));
	buf_clear(&h->passphrase);
	h->passphrase = kept;
	kept = BUF_INIT;
out:
	buf_clear(&kept);
	return e;
}

enum hermetic_result hermetic_change_passphrase(struct hermetic *h,
						const char *passphrase,
						bool end_others)
{
	const struct account_change change = {
		.passphrase = span_str(passphrase != NULL ? passphrase : ""),
		.end_others = end_others,
	};
	bool was_open = h != NULL && h->open;
	enum hermetic_result result = HERMETIC_OK;
	enum err e;

	if (inside_is_barred(h))
		return HERMETIC_USAGE;
	if (!was_open)
		result = handle_may_open(h);
	if (result != HERMETIC_OK)
		return result;
	inside_begin(h);
	e = change_passphrase(h, &change);
	if (!was_open)
		account_close(&h->a);
	return inside_result(h, e);
}

enum hermetic_result hermetic_closing(struct hermetic *h, bool *asked)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, asked);
	return inside_result(h, closing_was_asked(&h->a, asked));
}

static void add_left(void *context, const char *id)
{
	(void)json_array_append_new(
	    context, json_pack("{s:s, s:b}", "session_id", id, "left", 1));
}

static void add_not_left(void *context, const char *id)
{
	(void)json_array_append_new(
	    context, json_pack("{s:s, s:b}", "session_id", id, "left", 0));
}

enum hermetic_result hermetic_close_account(struct hermetic *h)
{
	struct closing_listener listener = { add_left, add_not_left, NULL };
	json_t *sessions = json_array();
	enum err e;

	INSIDE_OPEN(h);
	listener.context = sessions;
	e = closing_run(&h->a, &listener);
	inside_give(h, sessions);
	json_decref(sessions);
	if (e == ERR_OK)
		no_device(h);
	return inside_result(h, e);
}
