/*
 * The adversary: it runs the servers that devices talk to, has ghosts of its
 * own, and may change every answer. All of its choices are drawn from numbers
 * that are handed in.
 *
 * It keeps several servers ("homes"). Home 0 is the honest one; the others are
 * copies, from the moment when it split somebody off, and lax. Each device is
 * routed to one of them.
 */
#ifndef HERMETIC_TESTS_SIM_ADVERSARY_H
#define HERMETIC_TESTS_SIM_ADVERSARY_H

#include "tests/sim/ghost.h"
#include "tests/sim/lineage.h"

enum {
	HOMES = 6,
	GHOSTS = 6,
	SIM_DEVICES = 24,
	SNAPSHOTS = 3,
	KEPT_ANSWERS = 24
};

struct kept_answer {
	enum request_kind kind;
	struct reply reply;
};

struct adversary {
	struct server homes[HOMES];
	size_t home_count;
	struct server snapshots[SNAPSHOTS]; /* of home 0 */
	size_t snapshot_count;
	struct server *past; /* owned: accounts that home 0 has forgotten */
	size_t past_count;
	size_t route[SIM_DEVICES]; /* by the device's number at the servers */
	struct ghost ghosts[GHOSTS];
	size_t ghost_count;
	struct kept_answer kept[KEPT_ANSWERS];
	size_t kept_count;
	struct lineage *lineage;
	struct chance chance;
	uint64_t moves;	   /* that it made */
	uint64_t lies;	   /* of them, those that no honest server makes */
	bool rotation_lie; /* says rotation_due in each answer */
	bool more_lie;	   /* says that there is more in each answer */
	unsigned key_lies; /* so many claims get a KeyPackage of a ghost's */
};

void adversary_init(struct adversary *adversary, struct lineage *lineage,
		    uint64_t seed);
void adversary_clear(struct adversary *adversary);

/* A registered account of its own, which people may invite. */
struct ghost *adversary_member(struct adversary *adversary, const char *user,
			       const char *device, uint64_t now_ms);

/* Every server knows the device, so that numbers mean the same everywhere; and what it
 * is called from now on. */
size_t adversary_add_device(struct adversary *adversary, const char *user,
			    const char *id);
void adversary_name_device(struct adversary *adversary, size_t device,
			   const char *identity);

/* A ghost has an account of its own, under that name, where accounts have logs. */
void adversary_begin_account(struct adversary *adversary, struct ghost *ghost,
			     const char *user);

/* ---- what it does by itself ---- */

enum adversary_move {
	MOVE_SPLIT,	    /* some devices get a server of their own */
	MOVE_FREEZE,	    /* one device does */
	MOVE_HEAL,	    /* all are at home 0 again */
	MOVE_SNAPSHOT,	    /* remembers home 0 */
	MOVE_FORGET,	    /* home 0 is as it was */
	MOVE_GHOST_GROUP,   /* a device gets a server with a ghost's group */
	MOVE_COPIED_LEAVES, /* the same with genuine leaves in a false tree */
	MOVE_OLD_GROUP,	    /* the same with an old genuine GroupInfo */
	MOVE_NEW_DEVICE,    /* a ghost joins as another device of a member */
	MOVE_SAME_DEVICE,   /* a ghost joins as a member's device */
	MOVE_STRANGER,	    /* a ghost joins that nobody invited */
	MOVE_MEMBER,	    /* its member reads, and lies */
	MOVE_GHOST_SPEAKS,  /* some ghost does */
	MOVE_ROTATION_LIE,  /* rotation_due in each answer, from now on */
	MOVE_RELAY,	    /* a message of one home is put into another */
	MOVE_KEY_LIE,	    /* the next claims get KeyPackages of a ghost's */
	MOVE_UNSTOCK,	    /* takes all KeyPackages of somebody */
	MOVE_DEPARTURE,	    /* a departure that nobody signed, of a member */
	MOVE_MORE_LIE,	    /* each page of a log has a next one, from now on */
	MOVES_DRAWN,
	MOVE_BREAK = MOVES_DRAWN, /* its member breaks a commit: plots only */
	MOVES
};

/* In the pick of MOVE_MEMBER: at the server that the device has. */
enum { MOVE_MEMBER_THERE = 1 << 24 };

const char *adversary_move_name(enum adversary_move move);

/* `device` is one of the devices, `pick` a number for the rest. */
void adversary_act(struct adversary *adversary, enum adversary_move move,
		   size_t device, uint32_t pick, uint64_t now_ms);

/* It stops: one honest server for all, whose checks are on. */
void adversary_stop(struct adversary *adversary);

/* ---- answers ---- */

enum forgery {
	FORGE_NOTHING,
	FORGE_STATUS,	     /* a refusal; the server never saw the request */
	FORGE_STATUS_AFTER,  /* the same, and the server took it */
	FORGE_SUCCESS,	     /* a success; the server never saw it */
	FORGE_SEQ,	     /* another number */
	FORGE_ROTATION,	     /* rotation_due */
	FORGE_REPLAY,	     /* an earlier answer of that kind */
	FORGE_DROP,	     /* an entry is left out */
	FORGE_SWAP,	     /* two entries change places */
	FORGE_REPEAT,	     /* an entry twice */
	FORGE_TRUNCATE,	     /* the end is withheld */
	FORGE_FLIP,	     /* a bit of an entry's bytes */
	FORGE_HEAD,	     /* a bit of an entry's head */
	FORGE_HASH,	     /* a bit of an entry's hash */
	FORGE_KIND,	     /* another kind */
	FORGE_EXPIRE,	     /* an entry's bytes are not there */
	FORGE_INVENT,	     /* an entry of its own, head and all */
	FORGE_MORE,	     /* there is more, always */
	FORGE_EMPTY,	     /* nothing there */
	FORGE_OLD_INFO,	     /* a genuine GroupInfo of before */
	FORGE_GHOST_INFO,    /* a GroupInfo of a ghost's group */
	FORGE_FLIP_INFO,     /* a bit of the GroupInfo */
	FORGE_WELCOME_PLACE, /* another place for a Welcome */
	FORGE_GHOST_WELCOME, /* a Welcome to a ghost's group */
	FORGE_SWAP_PACKAGE,  /* a KeyPackage with a ghost's key */
	FORGE_ADD_PACKAGE,   /* a device more */
	FORGE_LESS_PACKAGES, /* a device less */
	FORGE_STOCK,	     /* no KeyPackages there */
	FORGE_CLOCK,	     /* another Date */
	FORGERIES
};

const char *forgery_name(enum forgery forgery);

/* Answers a request of `device` by the server that it is routed to, forged.
 * `reply` is empty. */
void adversary_answer(struct adversary *adversary, enum forgery forgery,
		      uint32_t pick, size_t device, uint64_t now_ms,
		      const struct request *request, struct reply *reply);

/* ---- between its files ---- */

/* A new home, a copy of home `from`; `from` itself when there is no room. */
size_t adversary_split(struct adversary *adversary, size_t from);

/* A ghost called `identity`, made when there is room; NULL otherwise. */
struct ghost *adversary_ghost(struct adversary *adversary, const char *identity,
			      uint64_t now_ms);

/* A session at that home, by a number; NULL: there is none. */
struct server_session *adversary_session(struct adversary *adversary,
					 size_t home, uint32_t pick);

void adversary_forge(struct adversary *adversary, enum forgery forgery,
		     uint32_t pick, size_t device, uint64_t now_ms,
		     const struct request *request, struct reply *reply);

#endif
