// Memory bandwidth: what the roofline of `deblur bench` is drawn with.
#ifndef CKERNELS_TRIAD_H
#define CKERNELS_TRIAD_H

/// y[i] = a[i] + factor · b[i], STREAM's triad (McCalpin 1995).
void kernel_triad(long count, const float *a, const float *b, float factor, float *restrict y);

#endif
