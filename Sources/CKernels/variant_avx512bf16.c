// AVX-512 with bfloat16 products: everything but the matrix products is as in the avx512 set.

#include "include/kernel_set.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>

#include "include/scratch.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16,avx2,fma"))), apply_to = function)
#define LANES 16
#define MASKS
#define ROWS 12
#define NAME "avx512-bf16"
#define BF16
#include "variant.inc.h"
#pragma clang attribute pop

const kernel_set *kernel_set_avx512bf16(void) {
    __builtin_cpu_init();
    return kernel_set_avx512() && __builtin_cpu_supports("avx512bf16") ? &set : NULL;
}
#else
const kernel_set *kernel_set_avx512bf16(void) { return NULL; }
#endif
