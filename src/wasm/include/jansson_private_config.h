/* In the place of the header that jansson's build makes. */
#ifndef HERMETIC_WASM_INCLUDE_JANSSON_PRIVATE_CONFIG_H
#define HERMETIC_WASM_INCLUDE_JANSSON_PRIVATE_CONFIG_H

#define HAVE_STDINT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_GETTIMEOFDAY 1

#endif
