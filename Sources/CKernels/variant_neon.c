#include "include/kernel_set.h"

#include <stddef.h>

#if defined(__aarch64__)
// Two registers of four floats to a vector: with 32 of them the tile of AVX2, six rows of two vectors, leaves eight for the
// operands, and every broadcast meets four registers.
#define LANES 8
#define ROWS 6
#define NAME "neon"
#include "variant.inc.h"

// Every 64-bit ARM CPU has it.
const kernel_set *kernel_set_neon(void) { return &set; }
#else
const kernel_set *kernel_set_neon(void) { return NULL; }
#endif
