#ifndef CKERNELS_SLIDING_H
#define CKERNELS_SLIDING_H

// Means over a box that slides over a map, for local pooling (TLC). Sums are kept in double precision: after thousands
// of steps they are still exact to more digits than a float has.

/// One step of `count` boxes side by side: sums += entering − leaving, either of which may be null; then
/// mean = sums · factor, unless `mean` is null.
void kernel_slide(
    long count, const float *entering, const float *leaving, double *sums, double factor, float *mean);

/// y = y · x, element by element; (rows, channels) with their strides.
void kernel_multiply_rows(long rows, long channels, const float *x, long x_stride, float *y, long y_stride);

#endif
