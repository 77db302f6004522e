/* Says where a secret's outcome becomes public, for `make ct`, which follows
 * secrets through the code (tests/ct). Nothing in any other build. */
#ifndef HERMETIC_BASE_CT_H
#define HERMETIC_BASE_CT_H

#ifdef HERMETIC_CT
#include <valgrind/memcheck.h>
#define CT_PUBLIC(p, n) VALGRIND_MAKE_MEM_DEFINED((p), (n))
#else
#define CT_PUBLIC(p, n) ((void)(p), (void)(n))
#endif

#endif
