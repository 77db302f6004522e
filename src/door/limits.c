#include "door/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/metrics.h"

enum {
	WAYS = 8, /* places of one set: a name has one set */
	SETS = 2048,
	TELL_MS = 1000,
	TELL_MAX = 512,
	EARLY_MAX = 256,
	NAME_MAX_BYTES = 160
};

#define SECOND_US ((uint64_t)1000000)

static const struct {
	const char *policy;
	uint64_t window_s;
	uint64_t part;
	bool private;
} ROWS[] = {
#define LIMIT_ROW(name, policy, window, part, private)                         \
	[LIMIT_##name] = { policy, window, part, private },
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

struct slot {
	uint64_t name;
	uint64_t free_at; /* microseconds: when the debt is paid */
	int64_t unsaid;	  /* of the debt: what the database was not told */
	unsigned told;	  /* its place in the queue and one; 0: none */
};

/* What the next telling says. */
struct word {
	uint64_t name;
	int64_t debt, most;
	struct slot *slot; /* that it came from, if that still has the name */
};

/* Of whom something is counted, before it is hashed. */
struct whom {
	uint8_t bytes[NAME_MAX_BYTES];
	size_t n;
};

/* What was counted before the database's key was there: it is counted again
 * under that key. */
struct early {
	struct whom whom;
	enum limit limit;
	int64_t cost;
};

static struct {
	struct limits_settings settings;
	uint8_t keys[2]
		    [SIPHASH_KEY]; /* of the others' names, of private ones */
	bool has_key;		   /* the first is the database's */
	bool asking, telling;
	/* of each limit its own: what one limit is owed tells nothing of another */
	struct slot slots[LIMIT_COUNT][SETS][WAYS];
	struct word queue[TELL_MAX];
	unsigned queued;
	struct early early[EARLY_MAX];
	unsigned early_count;
	struct limit_state last;
} limits;

/* ---- the table ---- */

static struct whom whom_of(enum limit limit, struct span who, struct span where)
{
	struct whom whom = { { (uint8_t)limit, (uint8_t)who.n }, 2 };
	const struct span parts[] = { who, where };

	for (size_t i = 0; i < 2; i++) {
		size_t room = sizeof(whom.bytes) - whom.n;
		size_t n = parts[i].n < room ? parts[i].n : room;

		if (n > 0)
			memcpy(whom.bytes + whom.n, parts[i].p, n);
		whom.n += n;
	}
	return whom;
}

static uint64_t name_of(enum limit limit, const struct whom *whom)
{
	return siphash(limits.keys[ROWS[limit].private],
		       span_of(whom->bytes, whom->n));
}

static uint64_t window_us(enum limit limit)
{
	return ROWS[limit].window_s * SECOND_US;
}

static uint64_t cost_of(enum limit limit, uint64_t n)
{
	uint64_t window = window_us(limit);
	uint64_t quota = limits.settings.quotas[limit];

	return n >= quota ? window : n * window / quota;
}

static struct slot *set_of(enum limit limit, uint64_t name)
{
	return limits.slots[limit][name % SETS];
}

static struct slot *find(enum limit limit, uint64_t name)
{
	struct slot *set = set_of(limit, name);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].name == name)
			return &set[i];
	return NULL;
}

/* A name has its limit in it. */
static struct slot *find_any(uint64_t name)
{
	struct slot *slot = NULL;

	for (enum limit limit = 0; limit < LIMIT_COUNT && slot == NULL; limit++)
		slot = find(limit, name);
	return slot;
}

static struct slot *smallest(enum limit limit, uint64_t name)
{
	struct slot *set = set_of(limit, name), *least = set;

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].free_at < least->free_at)
			least = &set[i];
	return least;
}

/* What a new name takes over of a debt: at most half a window, and so much that a first
 * try will do. */
static uint64_t inherited(enum limit limit, uint64_t free_at)
{
	uint64_t now = metrics_now_us(), window = window_us(limit);
	uint64_t room = window - cost_of(limit, 1);
	uint64_t most = now + (room < window / 2 ? room : window / 2);

	return free_at < most ? free_at : most;
}

/* The slot of a name; a new name takes the place of the smallest debt of its set. */
static struct slot *slot_of(enum limit limit, uint64_t name)
{
	struct slot *slot = find(limit, name);

	if (slot != NULL)
		return slot;
	slot = smallest(limit, name);
	if (slot->told > 0)
		limits.queue[slot->told - 1].slot = NULL;
	*slot = (struct slot){ .name = name,
			       .free_at = inherited(limit, slot->free_at) };
	return slot;
}

/* ---- counting ---- */

static uint64_t seconds_up(uint64_t us)
{
	return (us + SECOND_US - 1) / SECOND_US;
}

static void describe(enum limit limit, uint64_t debt, uint64_t cost,
		     bool refused)
{
	uint64_t window = window_us(limit);
	uint64_t quota = limits.settings.quotas[limit];
	uint64_t free = debt < window ? window - debt : 0;

	limits.last = (struct limit_state){ .limit = limit,
					    .refused = refused,
					    .quota = quota,
					    .window_s = ROWS[limit].window_s,
					    .left = free * quota / window,
					    .reset_s = seconds_up(debt) };
	if (refused)
		limits.last.retry_s = seconds_up(debt + cost - window);
}

static bool judge(enum limit limit, const struct slot *slot, uint64_t n)
{
	uint64_t now = metrics_now_us(), cost = cost_of(limit, n);
	uint64_t debt =
	    slot != NULL && slot->free_at > now ? slot->free_at - now : 0;
	bool refused = debt + cost > window_us(limit);

	describe(limit, refused ? debt : debt + cost, cost, refused);
	if (refused)
		metrics_count(METRIC_RATE_LIMITED, 1);
	return !refused;
}

static void tell_later(struct slot *slot, enum limit limit)
{
	int64_t window = (int64_t)window_us(limit);
	int64_t part = (int64_t)ROWS[limit].part;
	struct word *word;

	if (!limits.has_key && !ROWS[limit].private)
		return; /* see count_early() */
	if (part > 0 && slot->unsaid < window / part)
		return;
	if (slot->told == 0) {
		if (limits.queued == TELL_MAX)
			return; /* a full queue is told of the next try */
		limits.queue[limits.queued++] = (struct word){
			.name = slot->name, .most = window, .slot = slot
		};
		slot->told = limits.queued;
	}
	word = &limits.queue[slot->told - 1];
	word->debt += slot->unsaid;
	slot->unsaid = 0;
}

/* ---- the key of the names that are shared ---- */

static void count_early(void);

static void on_key(void *arg, enum err e, struct rows *rows)
{
	uint8_t key[SIPHASH_KEY];

	(void)arg;
	limits.asking = false;
	if (e != ERR_OK || rows_count(rows) != 1)
		return; /* the next tick asks again */
	rows_copy(rows, 0, "key", key, sizeof(key));
	if (rows_end(rows) != ERR_OK)
		return;
	memcpy(limits.keys[0], key, sizeof(key));
	limits.has_key = true;
	count_early();
}

static void ask_key(void)
{
	struct params params = PARAMS_INIT;

	if (limits.asking)
		return;
	limits.asking = true;
	if (limits.settings.query(STATEMENT_LIMIT_KEY, &params, on_key, NULL) !=
	    ERR_OK)
		limits.asking = false;
}

/* ---- trying ---- */

static bool is_unlimited(enum limit limit)
{
	limits.last = (struct limit_state){ .limit = limit };
	return limits.settings.quotas[limit] == 0;
}

bool limits_allow(enum limit limit, struct span who, struct span where,
		  uint64_t n)
{
	const struct whom whom = whom_of(limit, who, where);

	return is_unlimited(limit) ||
	       judge(limit, find(limit, name_of(limit, &whom)), n);
}

static void charge(struct slot *slot, enum limit limit, int64_t cost)
{
	uint64_t now = metrics_now_us();
	uint64_t from = slot->free_at > now ? slot->free_at : now;

	slot->free_at =
	    cost < 0 && from < (uint64_t)-cost ? 0 : from + (uint64_t)cost;
	slot->unsaid += cost;
	tell_later(slot, limit);
}

static void charge_whom(const struct whom *whom, enum limit limit, int64_t cost)
{
	charge(slot_of(limit, name_of(limit, whom)), limit, cost);
	if (limits.has_key || ROWS[limit].private)
		return;
	/* More than these count for this process alone. */
	if (limits.early_count < EARLY_MAX)
		limits.early[limits.early_count++] =
		    (struct early){ *whom, limit, cost };
	ask_key();
}

static void count_early(void)
{
	for (unsigned i = 0; i < limits.early_count; i++)
		charge_whom(&limits.early[i].whom, limits.early[i].limit,
			    limits.early[i].cost);
	limits.early_count = 0;
}

bool limits_take(enum limit limit, struct span who, struct span where,
		 uint64_t n)
{
	const struct whom whom = whom_of(limit, who, where);

	if (is_unlimited(limit))
		return true;
	if (!judge(limit, slot_of(limit, name_of(limit, &whom)), n))
		return false;
	charge_whom(&whom, limit, (int64_t)cost_of(limit, n));
	return true;
}

void limits_give_back(enum limit limit, struct span who, struct span where,
		      uint64_t n)
{
	const struct whom whom = whom_of(limit, who, where);

	if (!is_unlimited(limit) && find(limit, name_of(limit, &whom)) != NULL)
		charge_whom(&whom, limit, -(int64_t)cost_of(limit, n));
}

const struct limit_state *limits_last(void)
{
	return &limits.last;
}

struct limit_state limits_refused(enum limit limit, uint64_t retry_s)
{
	return (struct limit_state){ .limit = limit,
				     .refused = true,
				     .quota = limits.settings.quotas[limit],
				     .window_s = ROWS[limit].window_s,
				     .reset_s = retry_s,
				     .retry_s = retry_s };
}

/* ---- what the others have counted ---- */

static void on_shared(void *arg, enum err e, struct rows *rows)
{
	(void)arg;
	limits.telling = false;
	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct slot *slot =
		    find_any((uint64_t)rows_i64(rows, i, "name"));
		int64_t debt = rows_i64(rows, i, "debt");

		if (rows_end(rows) != ERR_OK)
			return;
		if (slot == NULL || debt < 0)
			continue;
		/* and what was not told yet */
		debt += slot->unsaid;
		if (slot->told > 0)
			debt += limits.queue[slot->told - 1].debt;
		slot->free_at =
		    metrics_now_us() + (uint64_t)(debt > 0 ? debt : 0);
	}
}

static void put_column(struct params *params,
		       int64_t (*of)(const struct word *word))
{
	params_open_array(params, PARAMS_INT8, limits.queued);
	for (unsigned i = 0; i < limits.queued; i++)
		params_put_i64(params, of(&limits.queue[i]));
	params_close_array(params);
}

static int64_t name_column(const struct word *word)
{
	return (int64_t)word->name;
}

static int64_t debt_column(const struct word *word)
{
	return word->debt;
}

static int64_t most_column(const struct word *word)
{
	return word->most;
}

static void forget_queue(void)
{
	for (unsigned i = 0; i < limits.queued; i++)
		if (limits.queue[i].slot != NULL)
			limits.queue[i].slot->told = 0;
	limits.queued = 0;
}

static void tell(void *arg)
{
	struct params params = PARAMS_INIT;

	(void)arg;
	if (!limits.has_key) {
		ask_key();
		return; /* the queue is told once the key is here */
	}
	/* One at a time: an answer does not know of what was told after it. */
	if (limits.queued == 0 || limits.telling)
		return;
	put_column(&params, name_column);
	put_column(&params, debt_column);
	put_column(&params, most_column);
	limits.telling = true;
	if (limits.settings.query(STATEMENT_LIMIT_SHARE, &params, on_shared,
				  NULL) == ERR_OK)
		forget_queue();
	else
		limits.telling = false; /* it is told with the next */
}

void limits_start(const struct limits_settings *settings)
{
	const struct store_loop *loop = settings->loop;

	limits.settings = *settings;
	/* until the database's is known, and where none is given */
	if (getrandom(limits.keys, sizeof(limits.keys), 0) !=
	    (ssize_t)sizeof(limits.keys))
		memset(limits.keys, 0, sizeof(limits.keys));
	if (settings->private_key != NULL)
		memcpy(limits.keys[true], settings->private_key, SIPHASH_KEY);
	limits.settings.private_key = NULL;
	loop->every(loop->context, TELL_MS, tell, NULL);
}

/* ---- fields ---- */

void limits_policy(const struct limit_state *state, char out[LIMITS_FIELD])
{
	(void)snprintf(out, LIMITS_FIELD, "\"%s\";q=%" PRIu64 ";w=%" PRIu64,
		       ROWS[state->limit].policy, state->quota,
		       state->window_s);
}

void limits_field(const struct limit_state *state, char out[LIMITS_FIELD])
{
	(void)snprintf(out, LIMITS_FIELD, "\"%s\";r=%" PRIu64 ";t=%" PRIu64,
		       ROWS[state->limit].policy, state->left, state->reset_s);
}
