/*
 * A world: people with devices, the servers in front of which the adversary
 * stands, and what must hold of them. One world is one seed.
 */
#ifndef HERMETIC_TESTS_SIM_WORLD_H
#define HERMETIC_TESTS_SIM_WORLD_H

#include "device/accounts/approval.h"
#include "session/account_sign.h"
#include "tests/sim/adversary.h"
#include "tests/sim/store.h"

enum {
	CLIENTS_DRAWN = 9, /* a step is of one of so many numbers */
	CLIENTS = 16,	   /* copies and devices that came included */
	PEOPLE = 4,
	PAPERS = 4, /* recovery keys that a person has written down */
	SLOTS = 2,  /* processes on one state */
	SESSIONS = 4,
	MEMBERS = 24,
	REQUESTS_AN_ORDER = 120,
	TURNS_AN_ORDER = 400,
	/* 12 that the server asks for, 6 ways in again (device/budget.c), and what
	 * each process was ordered */
	COMMITS_AN_ORDER = 12 + 6 + SLOTS,
	CHATTER = 20,
	COMMITS_AN_HOUR = 14,
	SIM_ALGORITHM = 32 /* its name, NUL included */
};

#define WORLD_START_MS ((uint64_t)1790000000 * 1000)
#define WORLD_MARK "secret-"

/* ---- what is known of a device's session ---- */

struct look_member {
	char identity[SIM_IDENTITY];
	uint8_t key[16];       /* of identity and signature key */
	uint8_t signature[16]; /* of that alone */
	enum role role;	       /* of a group that was looked at */
};

/* How a device sees a session, from what it says and what it stores. */
struct look {
	bool there, member, forked, between;
	bool joining;  /* it has staged a join; no member yet */
	char stop[24]; /* empty: nothing stops it */
	uint64_t epoch, seq;
	char algorithm[SIM_ALGORITHM];
	uint8_t head[DEVICE_HEAD], context[32], authenticator[32];
	struct look_member members[MEMBERS];
	size_t member_count;
};

/* What was seen last of what a device stores of a session. */
struct looked {
	bool is;
	uint64_t version; /* of the store */
	struct look look;
	uint64_t line; /* struct known has it, too */
};

/* One entry, as a device was served it and as it shows it. */
struct seen_entry {
	bool served, shown;
	uint8_t kind;
	uint8_t hash[32]; /* of the bytes that it was served */
	uint8_t told[32]; /* of what it shows: kind, who */
	bool readable;	  /* it shows a text */
	size_t said;	  /* which one; SIZE_MAX: nobody\'s here */
	bool has_text;
	uint8_t text[32]; /* hash of that */
	uint8_t last[32]; /* of what was served last at that number */
	uint8_t last_kind;
};

/* What was served at a number, of a history that its person has left since. */
struct left_entry {
	uint64_t seq;
	uint8_t hash[32];
	bool read; /* its person had read up to there */
};

struct known {
	struct seen_entry *entries; /* seq 1 is the first */
	size_t entry_count;
	struct left_entry *left;
	size_t left_count;
	uint8_t (*people)[16]; /* members that the person was shown */
	size_t people_count;
	char (*named)[33]; /* users whom the person named itself */
	size_t named_count;
	size_t healthy;	    /* group of the lineage; SIZE_MAX: none yet */
	bool forked;	    /* a fork was found, and no person lifted it */
	bool resolved;	    /* its person took another history */
	bool beside;	    /* it was let in by somebody whose person had */
	uint64_t line;	    /* how often it did: entries are kept anew then */
	uint64_t read;	    /* the entry of this line up to which its person
			       has read */
	bool verified_only; /* its person began it so */
	bool told;	    /* an order ended with: the histories differ */
	bool alarmed;	    /* it was told of a fork, or of another stop */
	char alarm[24];
};

/* ---- devices ---- */

struct slot {
	struct sim_process *process; /* NULL: it does not run */
	struct device *device;
	struct chance chance;
	struct rng rng;
	struct device_ports ports;
	bool running;  /* an order runs */
	size_t number; /* of the order */
	enum order_kind order;
	size_t session, said;	 /* SIZE_MAX: none */
	char whom[SIM_IDENTITY]; /* INVITE, REMOVE, ROLE: a user or a device */
	enum role role;
	char algorithm[SIM_ALGORITHM];
	bool to_new;	     /* it may be sealed for whoever has come in */
	bool clock_is_wrong; /* or was, or a lie said so, in this order */
	size_t commits_before;
	uint64_t seq_before; /* read when the order began */
	unsigned requests, turns, commits;
	uint8_t last_commit[32];
	bool came_again; /* by a commit of its own, in this order */
	size_t pins_met; /* when its next request was made */
	bool ban, verified_only, asks; /* BAN; CREATE; INVITE */
	bool was_in;		       /* that session when the order began */
	unsigned blocked;	       /* people, by number, then */
	bool hidden;		       /* acts_is_hidden() then */
	bool before_wish; /* that one was made before the person wished */
};

/* Devices that a client has met, with their keys. */
struct pins {
	struct look_member *list; /* owned */
	size_t count;
};

/* A person, whose devices come and go (devices.h). */
struct person {
	const char *user;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct account_pair papers[PAPERS]; /* recovery keys, the newest last */
	size_t paper_count;
	bool left[SESSIONS]; /* its account is closed, and it has departed */
	uint8_t (*let_in)[ACCOUNT_HASH]; /* owned: link keys of its devices */
	size_t let_in_count;
};

/* A device whose removal stands in a log that some server kept. */
struct removal {
	char identity[SIM_IDENTITY];
	char fingerprint[2 * ACCOUNT_HASH + 1];
	uint64_t number;   /* of the link */
	struct blob *link; /* owned */
};

/* What a person has said at a device. */
struct wishes {
	uint64_t compared[PEOPLE]; /* up to which link; 0: never */
	bool verified_only;
	unsigned blocked; /* people, by number */
};

struct client {
	struct world *world;
	char user[33], id[TEXT_UUID_SIZE], identity[SIM_IDENTITY];
	size_t number; /* at the servers */
	struct sim_store *store, *backup;
	struct slot slots[SLOTS];
	size_t orders; /* that it was given */
	int64_t skew_ms;
	uint64_t latest_ms; /* that its clock ever said */
	bool copied;	    /* its state was put back, or lives twice */
	struct known known[SESSIONS];
	struct looked looked[SESSIONS]; /* look.c */
	char (*founders)[33]; /* named for a session that has no id yet */
	size_t founder_count;
	uint64_t own_commits; /* without a person's act */
	/* Devices that come and go (devices.h). */
	uint64_t requests, bytes;     /* that it asked and was answered */
	struct wishes wishes, handed; /* now, and as its approver had them */
	struct wishes backup_wishes;
	bool waits;    /* it is not in its account's log yet */
	bool recovers; /* it comes by the recovery key */
	bool removed;  /* its account's log ends it */
	bool spent;    /* removed, and another one may take its room */
	size_t made;   /* its number among all that were made */
	struct buf request, answer;    /* of its approval; empty: none yet */
	char code[CODE_SIZE];	       /* that goes with the request */
	struct pins pins, backup_pins; /* now, and when the backup was made */
	uint8_t (*commits)[32];	       /* hashes of those that it posted */
	size_t commit_count;
};

/* What a device had been served that is not there any more. */
struct gone_entry {
	char user[33];
	size_t session;
	struct left_entry entry;
};

/* What somebody said. */
struct said {
	size_t client, session;
	uint64_t item, seq; /* 0: not known */
	bool reported;	    /* as sent */
	bool refused, dropped;
	bool keyed;
	char text[64];
	enum said_act act; /* content.h */
	uint64_t about;	   /* the entry; 0: none */
	bool ends;	   /* it has a time */
};

/* An envelope that was handed out. */
struct sealed {
	size_t client, session;
	uint64_t view; /* the last entry that its sender had seen */
	uint8_t hash[32];
	uint8_t (*eyes)[16]; /* members, as the sender sees them */
	size_t eye_count;
};

struct violation {
	const char *invariant; /* NULL: none */
	char detail[400];
	size_t step;
};

struct world {
	uint64_t seed, now_ms;
	bool honest;
	struct adversary adversary;
	struct lineage lineage;
	struct client clients[CLIENTS];
	size_t client_count;
	char sessions[SESSIONS][TEXT_UUID_SIZE];
	size_t session_count;
	struct said *said;
	size_t said_count;
	struct sealed *sealed;
	size_t sealed_count;
	struct violation violation;
	size_t step;
	uint64_t operations, requests, processes;
	bool trace, accounts;
	bool devices;	/* they come and go */
	bool content;	/* people say more than texts (content.h) */
	bool goes_over; /* a session of before does (over.c) */
	size_t ids;	/* devices that were made */
	struct person people[PEOPLE];
	struct removal *removals;
	size_t removal_count;
	struct gone_entry *gone;
	size_t gone_count;
};

void world_init(struct world *world, uint64_t seed, bool honest);

/* A world beside a server that is there already: that one gives devices their
 * ids, in the order of their numbers at the servers, and is the peer of home 0.
 * mallory's member is in it, honest or not. */
struct world_beside {
	void (*add_device)(void *context, const char *user,
			   char id[TEXT_UUID_SIZE]);
	struct server_peer peer;
	uint64_t now_ms;
};
void world_init_beside(struct world *world, uint64_t seed,
		       const struct world_beside *beside);
/* From the next world_init() on: devices stand in their accounts' logs; and they come
 * and go. */
void world_with_accounts(bool on);
void world_with_devices(bool on);
void world_with_content(bool on);
void world_with_people(bool on);
bool world_has_devices(void);
bool world_has_content(void);
bool world_has_people(void);

/* accounts.c; the second: the person looks somebody up, or gives the account a
 * recovery key, which is a link. False: this step is none of these. */
void world_begin_accounts(struct world *world);
struct step;
bool account_step(struct client *client, const struct step *step);

void world_clear(struct world *world);

/* take.c: the person names that user for a session, or for one that it begins (NULL). */
void client_names(struct client *client, const char *session, const char *user);

/* The first violation counts. */
void world_violate(struct world *world, const char *invariant,
		   const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static inline bool world_is_broken(const struct world *world)
{
	return world->violation.invariant != NULL;
}
void world_trace(const struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number of the session; SIZE_MAX: not known and no room. */
size_t world_session(struct world *world, const char *id);

/* ---- client.c ---- */

/* A device of that user, with an id and an empty state, which every server knows.
 * NULL: no room. */
struct client *client_new(struct world *world, const char *user);
void client_start(struct client *client, size_t slot);
/* As a crash. */
void client_kill(struct client *client, size_t slot);
/* Another client with a copy of the state. NULL: no room. */
struct client *client_copy(struct client *client);
void client_copy_pins(struct pins *to, const struct pins *from);
void client_restore(struct client *client);

/* False: another order runs there, or it was refused. */
bool client_order(struct client *client, size_t slot, const struct order *order,
		  size_t said);

/* What happens to one answer on its way. */
struct mishap {
	unsigned at; /* of the requests of a step; the first is 0 */
	enum {
		MISHAP_NONE,
		MISHAP_LOST,
		MISHAP_ANSWER_LOST,
		MISHAP_BUSY,
		MISHAP_FORGED
	} kind;
	enum forgery forgery;
	uint32_t pick;
};

/* At most so many turns; true: the order has ended. */
bool client_run(struct client *client, size_t slot, unsigned turns,
		const struct mishap *mishap);

/* New entries by a push, as a subscription gives them. */
void client_push(struct client *client, size_t session);
void client_shown(struct client *client, size_t session);

/* ---- look.c ---- */

/* Through a process that runs no order; false: there is none. */
bool look_at(struct client *client, size_t session, struct look *look);
/* A look at what is stored, whatever runs. */
bool look_stored(struct client *client, size_t session, struct look *look);
/* It keeps an entry with that number, in its newest line. */
bool look_has_kept(struct client *client, size_t session, uint64_t seq);
/* The person of this device has taken another history since we looked last. */
bool look_took_line(struct client *client, size_t session);
bool look_is_healthy(const struct look *look);
void look_member_of(struct span identity, struct span signature_key,
		    struct look_member *member);

/* ---- watch.c: invariants, after each thing that happens ---- */

/* What was served last is what the device has. */
void watch_served(struct seen_entry *seen);
struct seen_entry *watch_entry(struct client *client, size_t session,
			       uint64_t seq);
void watch_request(struct client *client, struct slot *slot,
		   const struct request *request);
void watch_answer(struct client *client, const struct request *request,
		  const struct answer *answer);
void watch_events(struct client *client, struct slot *slot);
void watch_outcome(struct client *client, struct slot *slot);
/* Of an order in a session: it says that it is done. */
void watch_done(struct client *client, struct slot *slot,
		const struct outcome *outcome);
void watch_history(struct client *client);
/* What the person at this device sees from now on as known members: those of
 * now, or of an earlier look. */
void watch_shown(struct client *client, size_t session);
void watch_shown_then(struct client *client, size_t session,
		      const struct look *look);
void watch_health(struct client *client, size_t session); /* watch_health.c */
/* The device has met the members of that group. */
void watch_meets(struct client *client, const struct look *look);
/* The person has accepted the keys of that user that were offered: those that it
 * had met are not held against the device any more. */
void watch_accepted(struct client *client, const char *user);

/* An order that might seal for whoever has come in ends too early: what it has
 * sealed is posted by another one. */
void watch_sealed_for_new(struct client *client, size_t session);

/* By what that member is one of the eyes. */
const uint8_t *watch_eye(const struct world *world,
			 const struct look_member *member);

/* The envelope with that hash; NULL: nobody here sealed it. */
const struct sealed *watch_sealed(const struct world *world,
				  const uint8_t hash[32]);

/* ---- judge.c ---- */

/* NULL, or which rule a commit of the lineage breaks. */
const char *judge_commit(struct world *world, size_t group);

/* ---- judge_places.c ---- */

/* The same of the leaves and places after a commit (GroupInfos), which `said` that with
 * it. `external`: it is a joiner's, which has no place yet. */
const char *judge_places(const struct world *world, struct span before,
			 struct span said, struct span after, bool external);

/* Had its account ended the device of that leaf, up to the place that the group names? */
bool judge_ended(const struct world *world, const struct seen_group *group,
		 const struct wire_leaf_node *leaf);

/* A log of the account that has that place (NULL: any), at some server, or that was at
 * one. NULL: there is none. Borrowed. */
const struct server_account *judge_account(const struct world *world,
					   struct span fingerprint,
					   const struct account_place *place);

/* ---- judge_branch.c ---- */

/* Links that a commit carries, and that part from an account's log before the place that
 * the group (its `rows`) has of it. */
enum judged_branch {
	BRANCH_NONE,   /* it carries none of it */
	BRANCH_COUNTS, /* before the log up to the place */
	BRANCH_FORK,   /* nothing decides between the two */
	BRANCH_LESS
};
enum judged_branch judge_branch(const struct world *world, struct span rows,
				struct span said, struct span fingerprint);
/* Of that leaf's account; and whether its device stands at the end of that branch. */
enum judged_branch judge_branch_of(const struct world *world, struct span rows,
				   struct span said,
				   const struct wire_leaf_node *leaf);
bool judge_branch_has(const struct world *world, struct span rows,
		      struct span said, const struct wire_leaf_node *leaf);
/* The place is where the carried links of its account end. */
bool judge_branch_ends(struct span said, const struct place *place);

/* ---- pairs.c: what must hold between devices ---- */

void pairs_agree(struct world *world);
/* Whose commit has let `client` into that group of the lineage last; NULL: it began it,
 * or nobody knows. */
const struct client *pairs_let_in_by(const struct client *client, size_t group);
/* Whoever let `client` into that group of the lineage had gone on all the same:
 * what the two have is a history that the others refuse, rightly. */
bool pairs_let_in_beside(const struct client *client, size_t session,
			 size_t group);

/* ---- seals.c ---- */

void seals_reset(void);
void seals_watch(bool on);
/* A ciphertext left a device. False: its key has sealed another one. */
bool seals_hand_out(struct span ciphertext);

/* ---- veto.c: of plots in which only a member lies ---- */

/* `client` has come in: nothing but honest members was there so far. */
void veto_in(struct client *client);
/* What `client` says is sent, and heard by the other one. */
void veto_heard(struct client *client, struct client *other);
/* The ghosts are no members of its session any more. */
void veto_ousted(struct client *client);

/* ---- ending.c: the adversary stops ---- */

void ending(struct world *world);

#endif
