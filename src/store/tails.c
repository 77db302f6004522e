#include "store/tails.h"

#include <stdlib.h>
#include <string.h>

/* Room for 16,384 sessions; it takes memory as it is used. */
enum { SETS = 2048, WAYS = 8, DOUBTS = 16 };

struct tails {
	struct tail sets[SETS][WAYS];
	uint8_t oldest[SETS]; /* the next to make room */
};

enum err tails_new(struct tails **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

void tails_free(struct tails *tails)
{
	free(tails);
}

/* Ids are random, but for some bits of the middle (RFC 9562). */
static size_t set_of(struct uuid session)
{
	return ((size_t)session.bytes[14] << 8 | session.bytes[15]) % SETS;
}

static struct tail *find(struct tails *tails, struct uuid session)
{
	struct tail *set = tails->sets[set_of(session)];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].known && uuid_equal(set[i].session, session))
			return &set[i];
	return NULL;
}

static bool has_device(const struct tail *t, struct uuid device)
{
	for (unsigned i = 0; i < t->device_count; i++)
		if (uuid_equal(t->devices[i], device))
			return true;
	return false;
}

struct tail *tails_expect(struct tails *tails, struct uuid session,
			  uint64_t epoch, struct uuid device)
{
	struct tail *t = find(tails, session);

	return t != NULL && t->doubts == 0 && t->epoch == epoch &&
		       has_device(t, device)
		   ? t
		   : NULL;
}

static struct tail *make(struct tails *tails, struct uuid session)
{
	size_t set = set_of(session);
	struct tail *t = &tails->sets[set][tails->oldest[set]++ % WAYS];

	*t = (struct tail){ .session = session, .known = true };
	return t;
}

static void judge(struct tail *t, uint64_t batch, uint64_t seq)
{
	if (batch == 0 || t->batch == batch)
		return;
	if (t->seq + 1 != seq) {
		t->doubts = DOUBTS;
		t->device_count = t->next_device = 0;
	} else if (t->doubts > 0) {
		t->doubts--;
	}
}

static void note_device(struct tail *t, struct uuid device)
{
	if (has_device(t, device))
		return;
	t->devices[t->next_device++ % TAIL_DEVICES] = device;
	if (t->device_count < TAIL_DEVICES)
		t->device_count++;
}

static void put_head(struct tail *t, uint64_t seq, struct digest head)
{
	t->heads[seq % TAIL_HEADS] = (struct tail_head){ seq, head };
}

void tails_learn(struct tails *tails, uint64_t batch, struct uuid session,
		 uint64_t epoch, uint64_t seq, struct digest head,
		 struct uuid device)
{
	struct tail *t = find(tails, session);

	if (t == NULL)
		t = make(tails, session);
	else if (t->epoch == epoch)
		judge(t, batch, seq);
	else /* a commit was in between; who is a member may have changed */
		t->device_count = t->next_device = 0;
	t->batch = batch;
	t->epoch = epoch;
	t->seq = seq;
	t->head = head;
	put_head(t, seq, head);
	note_device(t, device);
}

void tails_note_head(struct tails *tails, struct uuid session, uint64_t seq,
		     struct digest head)
{
	struct tail *t = find(tails, session);

	if (t != NULL)
		put_head(t, seq, head);
}

void tails_note_view(struct tails *tails, struct uuid session, uint64_t seq,
		     struct digest head)
{
	struct tail *t = find(tails, session);

	if (t == NULL)
		return;
	t->views[t->next_view++ % TAIL_VIEWS] = (struct tail_head){ seq, head };
	if (t->view_count < TAIL_VIEWS)
		t->view_count++;
}

static bool is_head(const struct tail_head *h, uint64_t seq, struct digest head)
{
	return h->seq == seq && digest_equal(h->head, head);
}

bool tails_has_head(struct tails *tails, struct uuid session, uint64_t seq,
		    struct digest head)
{
	const struct tail *t = find(tails, session);

	if (t == NULL)
		return false;
	if (seq > 0 && is_head(&t->heads[seq % TAIL_HEADS], seq, head))
		return true;
	for (unsigned i = 0; i < t->view_count; i++)
		if (is_head(&t->views[i], seq, head))
			return true;
	return false;
}

void tails_doubt(struct tails *tails, struct uuid session)
{
	struct tail *t = find(tails, session);

	if (t == NULL)
		return;
	t->doubts = DOUBTS;
	memset(t->heads, 0, sizeof(t->heads));
	t->view_count = t->next_view = 0;
}

void tails_forget(struct tails *tails, struct uuid session)
{
	struct tail *t = find(tails, session);

	if (t != NULL)
		t->known = false;
}
