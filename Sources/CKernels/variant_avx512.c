#include "include/kernel_set.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define LANES 16
#define MASKS
#define ROWS 12
#define NAME "avx512"
#include "variant.inc.h"
#pragma clang attribute pop

const kernel_set *kernel_set_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
                   && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma")
               ? &set
               : NULL;
}
#else
const kernel_set *kernel_set_avx512(void) { return NULL; }
#endif
