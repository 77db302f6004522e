/*
 * Lets a node of the asan variant end. Kore is not instrumented and gets the
 * runtime by LD_PRELOAD; in a worker forked that way, the destructor of a
 * library that libldap brings waits for a lock of the C library for ever. So
 * this build leaves without the destructors of libraries.
 */
#ifdef __SANITIZE_ADDRESS__
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void leave(int status, void *arg)
{
	(void)arg;
	(void)fflush(NULL);
	_exit(status);
}

__attribute__((constructor)) static void sanitizer_start(void)
{
	(void)on_exit(leave, NULL);
}
#else
/* ISO C wants a declaration in every file. */
struct sanitizer_unused;
#endif
