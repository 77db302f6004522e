/*
 * A device's records in memory, behind the port of device/ports.h. Writes are
 * durable only at commit(): what a process has not committed is gone when the
 * process is. A store can be copied (a state that is used in two places) and
 * put back (a backup), and several processes may use one.
 */
#ifndef HERMETIC_TESTS_SIM_STORE_H
#define HERMETIC_TESTS_SIM_STORE_H

#include "device/ports.h"

struct sim_store;

struct sim_store *sim_store_new(void);
void sim_store_free(struct sim_store *store); /* NULL is fine */

/* What is durable now. */
struct sim_store *sim_store_copy(const struct sim_store *store);

/* `store` is as `from` is. Nobody may have a transaction open. */
void sim_store_put_back(struct sim_store *store, const struct sim_store *from);

/* Another number after each change. */
uint64_t sim_store_version(const struct sim_store *store);
size_t sim_store_records(const struct sim_store *store);

/* One process that uses a store. */
struct sim_process;

struct sim_process *sim_process_start(struct sim_store *store);
/* As a crash does: what was not committed is lost. NULL is fine. */
void sim_process_end(struct sim_process *process);

/* It dies at its next store call but `calls`: what it does to the store from
 * then on fails, and nothing of it becomes durable. */
void sim_process_doom(struct sim_process *process, unsigned calls);
void sim_process_spare(struct sim_process *process); /* not any more */
bool sim_process_is_dead(const struct sim_process *process);

/* Borrowed until the process ends. */
const struct device_store *sim_process_port(const struct sim_process *process);

/* It has begun a transaction and not ended it. */
bool sim_process_is_inside(const struct sim_process *process);

/* Transactions that it began, since the process started. */
uint64_t sim_process_transactions(const struct sim_process *process);

#endif
