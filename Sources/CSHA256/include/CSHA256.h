#ifndef CSHA256_H
#define CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has instructions for SHA-256 that `rmos_sha256_compress` uses.
bool rmos_sha256_has_instructions(void);

/// Takes `count` blocks of 64 bytes into the eight words of `state`; only if there are
/// instructions.
void rmos_sha256_compress(uint32_t *state, const uint8_t *blocks, size_t count);

#endif
