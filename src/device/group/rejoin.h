/* Coming into the group of today by an external commit. */
#ifndef HERMETIC_DEVICE_GROUP_REJOIN_H
#define HERMETIC_DEVICE_GROUP_REJOIN_H

#include "device/core.h"
#include "device/group/stood.h"
#include "device/group/trail.h"

struct rejoin {
	struct trail *trail; /* owned; NULL before it has a beginning */
	bool overlapped;     /* the log has the entry where the trail begins */
	bool at_end;	     /* the log was followed to its end */
	bool posted;	     /* the staged commit was */
	bool forced;	     /* the person goes on without a trail */
	bool gathering;	     /* then: departures are looked for in the log */
	uint64_t gathered;   /* up to here */
	struct stood *stood; /* owned; the same: what this device had posted */
	json_t *places;	     /* owned; forced: where that stands (stood.h) */
	struct buf adder;  /* the identity of who has added this device's leaf,
				as the trail shows; empty: it does not */
	uint64_t info_seq; /* where the trail was at the last GroupInfo */
	unsigned tries, unseen;
};

/* Old faults: a group is joined that no walk leads to. */
#define REJOIN_UNWALKED                                                        \
	(FAULT(JOINS_WITHOUT_WALK) || FAULT(JOINS_OLD_GROUP) ||                \
	 FAULT(JOINS_COPIED_LEAVES))

/* rejoin_adder.c: does a leaf of this device stand where the trail is? And the trail has
 * followed another's commit, before which that was so or not. */
MUST_CHECK enum err rejoin_stands(struct device *d, bool *stands);
MUST_CHECK enum err rejoin_note_adder(struct device *d, bool stood);
/* A person who was blocked brings this device nowhere, also where the server keeps the
 * Welcome back: ERR_PEER_DENIED, and d->work.why. */
MUST_CHECK enum err rejoin_check_adder(struct device *d);

/* A fork was found: nothing but ORDER_RESOLVE lifts that. Whoever is out of the
 * session may then join it again. */
bool rejoin_is_barred(const struct device *d);

/* An external commit is staged. */
bool rejoin_is_staged(const struct device *d);

/* No trail leads to what the server has. Where the person has been told so
 * before, the device goes on without; otherwise the order ends. */
void rejoin_halt(struct device *d, enum err e);

/* A fork was found: nothing but a resolve takes the place of the session. */
void rejoin_halt_forked(struct device *d);

/* It joined again too often today. */
void rejoin_halt_often(struct device *d);

/* Others commit faster than this device joins. */
void rejoin_halt_overtaken(struct device *d);

/* What the server refuses to show is no trail either. */
void rejoin_halt_refused(struct device *d, const struct answer *answer);

/* rejoin_walk.c: the last place that was noted while a trail was followed. */
bool rejoin_known_place(const struct device *d, uint64_t *seq,
			uint8_t head[CHAIN_HEAD]);

/* This device was in this session before. */
bool rejoin_was_there(const struct device *d);

/* The log ends before a place of it that this device has seen. */
bool rejoin_falls_short(const struct device *d);

/* The rules let this device in by another device of its user only. */
void rejoin_refuse(struct device *d);

/* Was a commit staged by which this device comes in (again), or is it out only since
 * another copy of its state took its place? */
bool rejoin_is_begun(const struct membership *m);

/* ORDER_RESOLVE begins: what the person has seen keeps nothing back. */
MUST_CHECK enum err rejoin_begin_resolve(struct device *d);

#endif
