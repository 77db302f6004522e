/* A module of WebAssembly has one thread. Of POSIX's threads the sources use this, and
 * wasi-libc has none of it. */
#ifndef HERMETIC_WASM_INCLUDE_PTHREAD_H
#define HERMETIC_WASM_INCLUDE_PTHREAD_H

typedef int pthread_once_t;

#define PTHREAD_ONCE_INIT 0

static inline int pthread_once(pthread_once_t *once, void (*run)(void))
{
	if (*once == 0) {
		*once = 1;
		run();
	}
	return 0;
}

#endif
