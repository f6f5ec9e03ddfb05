#include "include/kernel_set.h"

#include <stddef.h>

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define ROWS 6
#define NAME "avx2"
#include "variant.inc.h"
#pragma clang attribute pop

const kernel_set *kernel_set_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &set : NULL;
}
#else
const kernel_set *kernel_set_avx2(void) { return NULL; }
#endif
