#ifndef CSHA256_H
#define CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has the SHA-256 instructions that `rmos_sha256_compress` uses.
bool rmos_sha256_has_instructions(void);

/// Updates the eight words of `state` with `count` blocks of 64 bytes.
///
/// Call it only if `rmos_sha256_has_instructions()`; without them, it does nothing.
void rmos_sha256_compress(uint32_t *state, const uint8_t *blocks, size_t count);

#endif
