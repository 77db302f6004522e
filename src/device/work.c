#include "device/work.h"

#include "base/fault.h"
#include "base/sec.h"
#include "device/accounts/accounts.h"
#include "device/accounts/met.h"
#include "device/accounts/own_log.h"
#include "device/group/apart.h"
#include "device/group/letters.h"
#include "device/group/welcome.h"
#include "device/page.h"
#include "device/steps.h"
#include "device/texts/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most that one order asks, and how much of it nothing comes of. */
#define REQUESTS_MAX 5000
#define BARREN_MAX 100
#define STEPS_MAX 1000

static const struct step *const STEPS[] = {
	&own_step_load,	       &own_step_read,	    &own_step_begin,
	&own_step_renew,       &own_step_branch,    &own_step_post,
	&met_step_begin,       &met_step_read,	    &accounts_step_read,
	&apart_step_look,      &stock_step_make,    &stock_step_publish,
	&found_step_meet,      &found_step_claim,   &found_step_make,
	&found_step_post,      &welcome_step_use,   &welcome_step_tree,
	&welcome_step_gather,  &letters_step_ask,   &letters_step_judge,
	&rejoin_step_drop,     &rejoin_step_base,   &rejoin_step_first,
	&arrive_step_gather,   &rejoin_step_walk,   &arrive_step_info,
	&arrive_step_post,     &log_step_read,	    &welcome_step_tell,
	&plan_step_departure,  &commit_step_leave,  &commit_step_pins,
	&commit_step_post,     &plan_step_oust,	    &plan_step_replace,
	&letters_step_write,   &plan_step_name,	    &plan_step_order,
	&move_step_meet,       &commit_step_claim,  &commit_step_stage,
	&receipts_step_drop,   &naming_step_drop,   &plan_step_duty,
	&naming_step_announce, &naming_step_repeat, &receipts_step_make,
	&post_step_old,	       &post_step_seal,	    &post_step_item,
	&unwanted_step_drop,
};

#define STEP_COUNT (sizeof(STEPS) / sizeof(*STEPS))

/* ---- an order, copied ---- */

static char *copy_text(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

static void order_clear(struct order *order)
{
	free((void *)(uintptr_t)order->session);
	free((void *)(uintptr_t)order->key);
	free((void *)(uintptr_t)order->name);
	free((void *)(uintptr_t)order->topic);
	free((void *)(uintptr_t)order->subject);
	free((void *)(uintptr_t)order->picture.p);
	free((void *)(uintptr_t)order->whom);
	free((void *)(uintptr_t)order->algorithm);
	for (size_t i = 0; order->users != NULL && i < order->user_count; i++)
		free((void *)(uintptr_t)order->users[i]);
	free((void *)(uintptr_t)order->users);
	if (order->file != NULL)
		attachment_clear((void *)(uintptr_t)order->file);
	free((void *)(uintptr_t)order->file);
	if (order->text.p != NULL)
		sec_wipe((void *)(uintptr_t)order->text.p, order->text.n);
	free((void *)(uintptr_t)order->text.p);
	memset(order, 0, sizeof(*order));
}

static enum err copy_users(struct order *to, const struct order *order)
{
	const char **users = calloc(order->user_count + 1, sizeof(*users));

	if (users == NULL)
		return ERR_LOCAL_MEMORY;
	to->users = users;
	to->user_count = order->user_count;
	for (size_t i = 0; i < order->user_count; i++) {
		users[i] = strdup(order->users[i]);
		if (users[i] == NULL)
			return ERR_LOCAL_MEMORY;
	}
	return ERR_OK;
}

static enum err copy_file(struct order *to, const struct attachment *file)
{
	struct attachment *copy;

	if (file == NULL)
		return ERR_OK;
	copy = malloc(sizeof(*copy));
	if (copy == NULL)
		return ERR_LOCAL_MEMORY;
	to->file = copy;
	*copy = *file;
	copy->name = copy->type = BUF_INIT;
	buf_put(&copy->name, buf_span(&file->name));
	buf_put(&copy->type, buf_span(&file->type));
	return copy->name.fail != ERR_OK ? copy->name.fail : copy->type.fail;
}

static enum err copy_bytes(struct span *to, struct span from)
{
	uint8_t *bytes = malloc(from.n + 1);

	if (bytes == NULL)
		return ERR_LOCAL_MEMORY;
	if (from.n > 0)
		memcpy(bytes, from.p, from.n);
	*to = span_of(bytes, from.n);
	return ERR_OK;
}

static enum err order_copy(struct work *work, const struct order *order)
{
	struct order *to = &work->order;
	enum err e;

	*to = *order;
	to->users = NULL;
	to->user_count = 0;
	to->text = to->picture = SPAN_EMPTY;
	to->file = NULL;
	to->session = copy_text(order->session);
	to->key = copy_text(order->key);
	to->name = copy_text(order->name);
	to->topic = copy_text(order->topic);
	to->subject = copy_text(order->subject);
	to->whom = copy_text(order->whom);
	to->algorithm = copy_text(order->algorithm);
	if (order->offer != NULL) {
		work->offer = *order->offer;
		to->offer = &work->offer;
	}
	TRY(copy_bytes(&to->text, order->text));
	TRY(copy_bytes(&to->picture, order->picture));
	TRY(copy_users(to, order));
	TRY(copy_file(to, order->file));
	ENSURE((order->session == NULL) == (to->session == NULL) &&
		   (order->key == NULL) == (to->key == NULL) &&
		   (order->name == NULL) == (to->name == NULL) &&
		   (order->topic == NULL) == (to->topic == NULL) &&
		   (order->subject == NULL) == (to->subject == NULL) &&
		   (order->whom == NULL) == (to->whom == NULL) &&
		   (order->algorithm == NULL) == (to->algorithm == NULL),
	       ERR_LOCAL_MEMORY);
out:
	return e;
}

void work_clear(struct work *work)
{
	order_clear(&work->order);
	guests_clear(&work->guests);
	json_decref(work->users);
	rejoin_free(work->rejoin);
	welcome_forget(work->awaited);
	welcome_forget(work->treeless);
	own_log_free(work->own);
	met_end(work->meeting);
	account_reading_free(work->reading);
	apart_free(work->apart);
	letters_free(work->letter);
	buf_clear(&work->bytes);
	buf_clear(&work->group_info);
	buf_clear(&work->welcome);
	free(work->spans);
	free(work->names);
	json_decref(work->places);
	json_decref(work->lists[0]);
	json_decref(work->lists[1]);
	memset(work, 0, sizeof(*work));
}

enum err work_forget_new(struct device *d, bool *forgotten)
{
	enum err e = ERR_OK;

	*forgotten =
	    !membership_was_known(&d->open) && outbox_is_empty(&d->open);
	if (!*forgotten)
		return ERR_OK;
	TRY(membership_forget(core_store(d), &d->open));
	membership_clear(&d->open);
	d->work.changed = false;
out:
	return e;
}

/* ---- what steps say ---- */

void work_changed(struct device *d)
{
	d->work.changed = true;
}

void work_stale(struct device *d)
{
	d->work.fresh = false;
}

bool work_is_passing(const struct answer *answer)
{
	return why_is_passing(answer->result, answer->slug);
}

bool work_doubts(struct device *d, uint64_t item)
{
	struct work *work = &d->work;

	if (work->doubting == work->asked && work->doubted == item)
		return false;
	work->doubting = work->asked;
	work->doubted = item;
	work_stale(d);
	return true;
}

bool work_is_taken(const struct answer *answer)
{
	bool believed = FAULT(SENT_BY_ANSWER);

	believed |= FAULT(DONE_BY_ANSWER);
	return answer->result == ERR_OK && !believed;
}

void work_news(struct device *d)
{
	d->work.barren = 0;
}

bool work_page(struct device *d, const struct answer *answer, bool news)
{
	bool next;
	enum err e = page_taken(&d->work.why, d->work.outcome.session, news,
				answer->more, &next);

	if (news)
		work_news(d);
	if (e == ERR_OK)
		return next;
	d->work.halted = true;
	d->work.outcome.result = e;
	return false;
}

/* ---- turns ---- */

static const struct step *find_due(struct device *d)
{
	if (d->work.halted || d->work.wait_ms > 0)
		return NULL;
	for (size_t i = 0; i < STEP_COUNT; i++)
		if (STEPS[i]->due(d))
			return STEPS[i];
	return NULL;
}

/* Another process on this state may have given up meanwhile what was asked about: a
 * session that it never came into, or one that the server did not make. */
static void halt_given_up(struct device *d)
{
	work_halt(d, ERR_STATE_GONE, "session-given-up",
		  "Another program with this device has given up %s meanwhile. "
		  "Nothing of it is here.",
		  d->work.outcome.session);
}

static uint64_t todos(const struct device *d)
{
	return d->open.session != NULL ? membership_todos(&d->open) : 0;
}

/* An answer counts while there is to do what there was when it was asked for. What
 * another process has settled meanwhile is looked at again, as if it was lost. */
static enum err take(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;

	if (work->asked_open && d->open.session == NULL)
		halt_given_up(d);
	else if (work->asked_todos == todos(d) &&
		 work->asked_own == (work->own != NULL))
		return work->asked->take(d, answer);
	else
		work_stale(d);
	return ERR_OK;
}

/* Takes the answer, then every step that needs no server. *next asks one, or
 * is NULL. */
static enum err work_through(struct device *d, const struct answer *answer,
			     const struct step **next)
{
	struct work *work = &d->work;
	enum err e = ERR_OK;

	if (answer != NULL)
		TRY(take(d, answer));
	work->asked = NULL;
	*next = find_due(d);
	for (unsigned i = 0; *next != NULL && (*next)->run != NULL; i++) {
		ENSURE(i < STEPS_MAX, ERR_LOCAL_BUG);
		TRY((*next)->run(d));
		*next = find_due(d);
	}
out:
	return e;
}

/* Such an order brings this device into the session whatever is stored of it. */
static bool comes_anew(const struct work *work)
{
	return work_is(work, ORDER_JOIN) || work_is(work, ORDER_RESOLVE);
}

/* The session of the order, if this device has it. */
static enum err load(struct device *d)
{
	const char *id = d->work.outcome.session;
	enum err e;

	if (id[0] == '\0' || work_is(&d->work, ORDER_LETTER)) {
		membership_clear(&d->open);
		return ERR_OK;
	}
	e = core_load(d, id);
	if (e == ERR_OK || e == ERR_STATE_GONE)
		return ERR_OK;
	if (comes_anew(&d->work) && core_is_damaged(d, id)) {
		d->work.outcome.anew = true;
		return ERR_OK;
	}
	return core_say_unread(d, id, e, &d->work.why);
}

static enum err transaction(struct device *d, const struct answer *answer,
			    const struct step **next)
{
	struct work *work = &d->work;
	enum err e;

	*next = NULL;
	TRY(core_begin(d));
	TRY(load(d));
	if (!work->begun)
		TRY(order_begin(d));
	TRY(work_through(d, answer, next));
	if (work->changed && d->open.session != NULL)
		TRY(core_save(d));
	TRY(core_commit(d));
	work->stored = true;
	work->changed = false;
out:
	if (e != ERR_OK)
		core_rollback(d);
	return e;
}

/* What ends an order is about the session of the order, or it is about none. */
static void name_session(struct work *work)
{
	if (work->why.text[0] != '\0')
		memcpy(work->why.session, work->outcome.session,
		       sizeof(work->why.session));
}

static void finish(struct device *d, enum err e)
{
	struct work *work = &d->work;

	if (e != ERR_OK) {
		work->outcome.result = e;
		work->outcome.passing = why_is_passing(e, "");
	}
	order_end(d);
	if (work->outcome.result != ERR_OK && work->why.text[0] == '\0')
		(void)why_set(&work->why, work->outcome.result, "failed",
			      "This failed: %s.",
			      err_text(work->outcome.result));
	name_session(work);
	work->outcome.why = &work->why;
	work->running = false;
	work->asked = NULL;
}

/* An answer that changes nothing in the store needs no transaction, when the
 * next thing is to ask again. */
static bool take_lightly(struct device *d, const struct answer *answer,
			 const struct step **next)
{
	const struct step *asked = d->work.asked;

	if (answer == NULL || asked->light == NULL || !asked->light(answer) ||
	    d->open.session == NULL || asked->take(d, answer) != ERR_OK)
		return false;
	d->work.asked = NULL;
	*next = find_due(d);
	if (*next != NULL && (*next)->run != NULL)
		*next = NULL;
	return true;
}

/* One turn: a transaction, and then what is asked next. */
static void turn(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;
	const struct step *next = NULL;
	enum err e = ERR_OK;

	if (take_lightly(d, answer, &next))
		answer = NULL;
	if (next == NULL)
		e = transaction(d, answer, &next);

	if (e == ERR_OK && next != NULL &&
	    (work->requests++ > REQUESTS_MAX || work->barren++ > BARREN_MAX))
		e = why_set(&work->why, ERR_LOCAL_BUSY, "too-long",
			    "This takes too many requests. It is not at its "
			    "end: ask for it again.");
	memset(&work->request, 0, sizeof(work->request));
	work->request.session = work->outcome.session;
	if (e == ERR_OK && next != NULL)
		e = next->ask(d, &work->request);
	work->asked_open = d->open.session != NULL;
	work->asked_own = work->own != NULL;
	work->asked_todos = todos(d);
	if (e == ERR_OK && next != NULL)
		work->asked = next;
	else if (e != ERR_OK || work->wait_ms == 0)
		finish(d, e);
}

enum err device_start(struct device *device, const struct order *order)
{
	struct work *work = &device->work;
	enum err e;

	if (work->running)
		return ERR_STATE_PENDING;
	work_clear(work);
	accounts_forget(device);
	TRY(order_copy(work, order));
	work->running = true;
	if (order->session != NULL)
		(void)snprintf(work->outcome.session,
			       sizeof(work->outcome.session), "%s",
			       order->session);
	if (order->kind == ORDER_SEND)
		who_types_says(device, order->session);
out:
	if (e != ERR_OK)
		work_clear(work);
	return e;
}

enum device_turn device_turn(struct device *device, struct request *request,
			     uint32_t *wait_ms)
{
	struct work *work = &device->work;

	if (!work->running)
		return DEVICE_DONE;
	if (work->asked == NULL)
		turn(device, NULL);
	if (!work->running)
		return DEVICE_DONE;
	if (work->asked != NULL) {
		*request = work->request;
		return DEVICE_ASK;
	}
	*wait_ms = work->wait_ms;
	work->wait_ms = 0;
	return DEVICE_WAIT;
}

/* A GroupInfo and what goes beside it: as one, which everything here takes. */
static void keep_beside(struct answer *answer, struct buf *kept)
{
	if (answer->result != ERR_OK || answer->group_info.n == 0 ||
	    answer->tree.n + answer->places.n == 0)
		return;
	answer->result = session_info_keep(
	    answer->group_info,
	    (struct session_beside){ answer->tree, answer->places }, kept);
	answer->group_info = buf_span(kept);
	if (answer->result == ERR_PEER_INVALID) {
		(void)snprintf(answer->slug, sizeof(answer->slug),
			       "bad-places");
		answer->text = "The server gave a list of accounts, or a tree, "
			       "that is not the signed one.";
	}
}

void device_answer(struct device *device, const struct answer *answer)
{
	struct answer given = *answer;
	struct buf kept = BUF_INIT;

	if (!device->work.running || device->work.asked == NULL)
		return;
	keep_beside(&given, &kept);
	turn(device, &given);
	buf_clear(&kept);
}

const struct outcome *device_outcome(const struct device *device)
{
	return &device->work.outcome;
}
