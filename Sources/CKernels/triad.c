#include "include/triad.h"

void kernel_triad(long count, const float *a, const float *b, float factor, float *restrict y) {
    for (long i = 0; i < count; i++) y[i] = a[i] + factor * b[i];
}
