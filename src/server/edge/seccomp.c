/*
 * The system calls that a worker may make besides those that Kore allows its
 * workers, each with its reason. Anything else kills the worker.
 */
#include <kore/kore.h>
#include <kore/seccomp.h>

#include <linux/filter.h>

#include "server/edge/exported.h"

EDGE_EXPORTED void kore_seccomp_hook(void);

KORE_SECCOMP_FILTER(
    "hermetic",
    /* our listeners, one a worker */
    KORE_SYSCALL_ALLOW(socket), KORE_SYSCALL_ALLOW(bind),
    KORE_SYSCALL_ALLOW(listen), KORE_SYSCALL_ALLOW(setsockopt),
    KORE_SYSCALL_ALLOW(getsockopt), KORE_SYSCALL_ALLOW(getsockname),
    KORE_SYSCALL_ALLOW(accept4),
    /* libpq: connecting, name resolution, TLS files, getpwuid */
    KORE_SYSCALL_ALLOW(connect), KORE_SYSCALL_ALLOW(recvfrom),
    KORE_SYSCALL_ALLOW(recvmsg), KORE_SYSCALL_ALLOW(sendmsg),
    KORE_SYSCALL_ALLOW(sendmmsg), KORE_SYSCALL_ALLOW(getpeername),
    KORE_SYSCALL_ALLOW(shutdown), KORE_SYSCALL_ALLOW(newfstatat),
    KORE_SYSCALL_ALLOW(getdents64), KORE_SYSCALL_ALLOW(uname),
    KORE_SYSCALL_ALLOW(pread64), KORE_SYSCALL_ALLOW(statx),
    KORE_SYSCALL_ALLOW(getegid), KORE_SYSCALL_ALLOW(getgid),
    KORE_SYSCALL_ALLOW(getppid),
    /* the threads of Kore's tasks, as glibc 2.36 makes them */
    KORE_SYSCALL_ALLOW(clone), KORE_SYSCALL_ALLOW(clone3),
    KORE_SYSCALL_ALLOW(rseq), KORE_SYSCALL_ALLOW(set_robust_list),
    KORE_SYSCALL_ALLOW(sched_yield), KORE_SYSCALL_ALLOW(sched_getaffinity),
    KORE_SYSCALL_ALLOW(socketpair), KORE_SYSCALL_ALLOW(gettid),
    KORE_SYSCALL_ALLOW(prctl), KORE_SYSCALL_ALLOW(sigaltstack),
    KORE_SYSCALL_ALLOW(sched_setattr), /* their place behind the loops */
    /* libcurl of Debian 13 wakes a transfer so */
    KORE_SYSCALL_ALLOW(eventfd2),
    /* access() and readlink(), as processors have them whose tables lack
     * these two, which Kore lets pass: arm64 */
    KORE_SYSCALL_ALLOW(faccessat), KORE_SYSCALL_ALLOW(readlinkat),
    /* large blocks: growing buffers, scrypt's 128 MiB */
    KORE_SYSCALL_ALLOW(mremap),
    /* no core files */
    KORE_SYSCALL_ALLOW(prlimit64), KORE_SYSCALL_ALLOW(setrlimit),
    KORE_SYSCALL_ALLOW(getrlimit), KORE_SYSCALL_ALLOW(getrusage))
