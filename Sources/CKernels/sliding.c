#include "include/sliding.h"

void kernel_slide(
    long count, const float *entering, const float *leaving, double *restrict sums, double factor,
    float *restrict mean) {
    if (entering && leaving) {
        for (long i = 0; i < count; i++) sums[i] += (double)entering[i] - (double)leaving[i];
    } else if (entering) {
        for (long i = 0; i < count; i++) sums[i] += (double)entering[i];
    } else if (leaving) {
        for (long i = 0; i < count; i++) sums[i] -= (double)leaving[i];
    }
    if (mean) {
        for (long i = 0; i < count; i++) mean[i] = (float)(sums[i] * factor);
    }
}

void kernel_multiply_rows(
    long rows, long channels, const float *x, long x_stride, float *restrict y, long y_stride) {
    for (long row = 0; row < rows; row++, x += x_stride, y += y_stride) {
        for (long c = 0; c < channels; c++) y[c] *= x[c];
    }
}
