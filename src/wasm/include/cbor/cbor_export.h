/* In the place of the header that libcbor's build makes. */
#ifndef HERMETIC_WASM_INCLUDE_CBOR_CBOR_EXPORT_H
#define HERMETIC_WASM_INCLUDE_CBOR_CBOR_EXPORT_H

#define CBOR_EXPORT
#define CBOR_DEPRECATED

#endif
