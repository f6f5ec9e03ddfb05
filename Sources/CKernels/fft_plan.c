#include "fft_plan.h"

#include <math.h>
#include <string.h>

#include "include/kernel_memory.h"

static void unit_root(double turns, float *pair) {
    const double angle = -2.0 * 3.14159265358979323846 * turns;
    pair[0] = (float)cos(angle);
    pair[1] = (float)sin(angle);
}

static int add_pass(fft_plan *plan, long *left, int radix) {
    if (plan->passes == max_passes) return 0;
    const long n = *left, m = n / radix;
    const int pass = plan->passes++;
    plan->radix[pass] = radix;
    float *twiddles = kernel_allocate(sizeof(float) * 2 * (size_t)m * (size_t)(radix - 1));
    plan->twiddles[pass] = twiddles;
    if (!twiddles) return 0;
    for (long p = 0; p < m; p++) {
        for (int k = 1; k < radix; k++) {
            unit_root((double)(p * k) / (double)n, twiddles + 2 * (p * (radix - 1) + k - 1));
        }
    }
    if (radix > 8 || radix == 7) {
        float *roots = kernel_allocate(sizeof(float) * 2 * (size_t)radix);
        plan->roots[pass] = roots;
        if (!roots) return 0;
        for (int k = 0; k < radix; k++) unit_root((double)k / radix, roots + 2 * k);
    }
    *left = m;
    return 1;
}

int fft_plan_make(fft_plan *plan, long length, int largest) {
    memset(plan, 0, sizeof *plan);
    plan->length = length;
    long left = length;
    // The fewer passes, the less memory is moved: the large ones first; what they cannot divide follows.
    static const int preferred[] = {8, 4, 6, 2, 3, 5};
    for (int i = 0; i < 6; i++) {
        while (preferred[i] <= largest && left % preferred[i] == 0) {
            if (!add_pass(plan, &left, preferred[i])) goto fail;
        }
    }
    for (int radix = 7; left > 1; radix += 2) {
        if (radix > max_radix) goto fail;
        while (left % radix == 0) {
            if (!add_pass(plan, &left, radix)) goto fail;
        }
    }
    return 1;
fail:
    fft_plan_free(plan);
    return 0;
}

void fft_plan_free(fft_plan *plan) {
    for (int i = 0; i < max_passes; i++) {
        kernel_free(plan->twiddles[i]);
        kernel_free(plan->roots[i]);
        plan->twiddles[i] = plan->roots[i] = NULL;
    }
}
