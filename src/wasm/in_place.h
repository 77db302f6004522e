/* A function of ours in the place of OpenSSL's of that NAME, whose file is linked for others'
 * sake: the linker gives references to NAME this one (WASM_WRAPPED in mk/wasm.mk). */
#ifndef HERMETIC_WASM_IN_PLACE_H
#define HERMETIC_WASM_IN_PLACE_H

#define IN_PLACE_OF(name) __typeof__(name) __wrap_##name

#endif
