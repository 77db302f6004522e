/* What a fuzz target defines; libFuzzer or tests/fuzz/replay.c calls it. */
#ifndef HERMETIC_TESTS_FUZZ_FUZZ_H
#define HERMETIC_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(
    const uint8_t *data, size_t size);

#endif
