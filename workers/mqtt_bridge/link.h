/*
 * Internal to the gate: a link, that is a client's connection and the broker's behind it,
 * and the gate's own state. link.c makes and frees links and writes to their two sides,
 * gate_packets.c reads what these say, gate.c has the loop.
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_LINK_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_LINK_H

#include <stddef.h>

#include "base/buf.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/gate.h"
#include "mqtt_bridge/waiting.h"

enum {
	LINK_HELD_MAX = 128, /* of one connection; then it is not read */
	LINK_BUCKETS = 4096
};

enum { CLIENT, BROKER };

/* A message whose PUBACK is waited for, or waits. */
struct held {
	uint64_t key; /* of its payload */
	uint64_t since;
	uint16_t id;
	bool acked, decided;
	enum gate_outcome outcome;
};

struct link;

struct side {
	struct link *link;
	int fd;
	uint32_t events;
	struct buf in, out;
};

struct link {
	struct side side[2];
	struct link *next, *of_bucket;
	uint8_t version; /* 0 before its CONNECT */
	bool over, let_in, keeps;
	bool comes; /* a session of it is being made that has to be counted */
	struct uuid device; /* of its id; who it is only once let in */
	char id[TOPIC_CLIENT_MAX + 1];
	struct held *held; /* room for LINK_HELD_MAX, from the first one on */
	size_t held_count;
	struct waiting wait; /* until it is let in */
};

struct gate {
	struct gate_settings settings;
	int epoll, listener;
	bool open;
	struct link *links;
	size_t count;
	struct link *buckets[LINK_BUCKETS]; /* by client id */
	uint64_t kept[LINK_BUCKETS]; /* keys of ids that have had a session */
};

extern struct gate gate;

/* What a text or a payload is found by; two may have the same. */
uint64_t link_key_of(struct span bytes);

/* The first link of those whose clients' ids have the same place. */
struct link **link_bucket_of(struct span id);

/* Takes the descriptor, also where it fails. */
MUST_CHECK enum err link_new(int client, const uint8_t address[16]);

/* Connects the link to the broker. */
MUST_CHECK enum err link_reach_broker(struct link *link);

/* Writes what the side has to be told, as far as the kernel takes it. */
void link_flush(struct side *side);

/* Each side is read while the other one takes what it says. */
void link_set_interest(struct link *link);

/* A client that was not let in in time, or for which there is no room. */
void link_give_up(struct waiting *waiting);
void link_forgo_goodbye(int fd);

/* Frees what is over; never while events of it may still be in hand. */
void link_sweep(void);

/* What stands whole in what the side has sent is taken. */
void link_take_packets(struct side *side);

#endif
