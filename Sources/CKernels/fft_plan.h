// Factors and twiddles of a one-dimensional complex transform; shared by every instruction set.
#ifndef CKERNELS_FFT_PLAN_H
#define CKERNELS_FFT_PLAN_H

enum { max_passes = 32, max_radix = 64 };

typedef struct {
    long length;
    int passes;
    int radix[max_passes];
    /// Per pass with sub-length n = radix·m: for p = 0 ..< m, k = 1 ..< radix the pair cos, sin of −2π·p·k/n.
    float *twiddles[max_passes];
    /// Per pass: cos, sin of −2π·k/radix, k = 0 ..< radix; null for the radices with code of their own.
    float *roots[max_passes];
} fft_plan;

/// 0 when memory is short or a prime factor exceeds max_radix.
///
/// `largest` is the largest radix with code of its own that may be used, 5 or more.
int fft_plan_make(fft_plan *plan, long length, int largest);
void fft_plan_free(fft_plan *plan);

#endif
