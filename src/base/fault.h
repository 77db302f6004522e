/*
 * Old faults that the simulator puts back, one at a time, to show that it finds
 * them (tests/sim/faults.txt says what each is). A build without
 * HERMETIC_FAULTS has none: FAULT() is false there, and the compiler drops what
 * depends on it.
 */
#ifndef HERMETIC_BASE_FAULT_H
#define HERMETIC_BASE_FAULT_H

#include <stdbool.h>

#define FAULT_LIST(X)                                                          \
	X(SEALS_FOR_UNSEEN)                                                    \
	X(SHOWS_MORE)                                                          \
	X(JOINS_WITHOUT_WALK)                                                  \
	X(JOINS_OLD_GROUP)                                                     \
	X(JOINS_COPIED_LEAVES)                                                 \
	X(BEGINS_ANYWHERE)                                                     \
	X(FORK_FORGOTTEN)                                                      \
	X(SENT_BY_ANSWER)                                                      \
	X(DONE_BY_ANSWER)                                                      \
	X(ENDED_BY_STATUS)                                                     \
	X(ASKED_WITHOUT_END)                                                   \
	X(COPY_UNNOTICED)                                                      \
	X(KEPT_IS_REPLACED)                                                    \
	X(STORED_TOO_LATE)                                                     \
	X(RULES_UNCHECKED)                                                     \
	X(CHAIN_UNCHECKED)                                                     \
	X(KEYS_UNPINNED)                                                       \
	X(CLOCK_JUDGES)                                                        \
	X(PLAINTEXT_POSTED)                                                    \
	X(SEALED_BESIDE)                                                       \
	X(PUSHED_OVER_WELCOME)                                                 \
	X(DEPARTURES_UNSIGNED)                                                 \
	X(SERVER_VIEWS_UNCHECKED)                                              \
	X(SERVER_RULES_UNCHECKED)                                              \
	X(BREAKS_ARE_CHARGED)                                                  \
	X(KEY_NOT_IN_LOG)                                                      \
	X(SEALS_FOR_REMOVED)                                                   \
	X(GROWN_UNNOTED)                                                       \
	X(APPROVED_WITHOUT_CODE)                                               \
	X(VERIFIED_STAYS)                                                      \
	X(SEALS_FOR_UNVERIFIED)                                                \
	X(BRANCH_IGNORED)                                                      \
	X(EDITED_BY_ANYBODY)                                                   \
	X(DELETED_STAYS)                                                       \
	X(EXPIRED_STAYS)                                                       \
	X(READ_UNSEEN)                                                         \
	X(RECEIPTS_OUTLIVE)                                                    \
	X(BLOCKED_BRINGS_IN)                                                   \
	X(SESSION_WISH_FORGOTTEN)                                              \
	X(BANNED_COMES_IN)                                                     \
	X(UNINVITED_COMES_IN)                                                  \
	X(CLOSED_BY_WISH)                                                      \
	X(OVER_TAKES_REMOVED)                                                  \
	X(OVER_FORGETS_SHOWN)

#define FAULT_NAME(name) FAULT_##name,
enum fault { FAULT_NONE, FAULT_LIST(FAULT_NAME) FAULT_COUNT };
#undef FAULT_NAME

#ifdef HERMETIC_FAULTS
extern enum fault fault_now; /* the simulator defines it */
#define FAULT(name) (fault_now == FAULT_##name)
#else
#define FAULT(name) false
#endif

#endif
