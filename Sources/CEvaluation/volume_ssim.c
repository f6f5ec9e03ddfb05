#include "CEvaluation.h"

// Products and sums are rounded one by one, so that the score is the same on every processor.
#pragma STDC FP_CONTRACT OFF

#ifndef __has_feature
#define __has_feature(name) 0
#endif

// Not for ThreadSanitizer: the clones are chosen before it is there.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

enum { LANES = VOLUME_SSIM_LANES, RADIUS = VOLUME_SSIM_RADIUS, TAPS = 2 * RADIUS + 1 };

static size_t clamped(size_t position, int offset, size_t count) {
    if (offset < 0 && position < (size_t)-offset) return 0;
    size_t moved = position + (size_t)(ptrdiff_t)offset;
    return moved < count ? moved : count - 1;
}

CLONES double volume_ssim_row(
    const float *x, const float *y, size_t width, size_t height, size_t row_length, const float *window, size_t row) {
    const float c1 = 0.01f * 0.01f * 255 * 255, c2 = 0.03f * 0.03f * 255 * 255;
    double total = 0;
    for (size_t channel = 0; channel < 3; channel++) {
        for (size_t left = 0; left < width; left += LANES) {
            float mx[LANES] = {0}, my[LANES] = {0}, mxx[LANES] = {0}, myy[LANES] = {0}, mxy[LANES] = {0};
            const float *weight = window;
            for (int i = -RADIUS; i <= RADIUS; i++) {
                const size_t line = clamped(row, i, height) * row_length + left;
                for (int j = 0; j < TAPS; j++) {
                    for (int k = -RADIUS; k <= RADIUS; k++) {
                        const size_t at = clamped(channel, k, 3) * height * row_length + line + (size_t)j;
                        const float w = *weight++;
                        for (int lane = 0; lane < LANES; lane++) {
                            const float a = x[at + lane], b = y[at + lane];
                            mx[lane] += w * a;
                            my[lane] += w * b;
                            mxx[lane] += w * (a * a);
                            myy[lane] += w * (b * b);
                            mxy[lane] += w * (a * b);
                        }
                    }
                }
            }
            for (size_t lane = 0; lane < LANES && left + lane < width; lane++) {
                const float xx = mx[lane] * mx[lane], yy = my[lane] * my[lane], xy = mx[lane] * my[lane];
                const float sxx = mxx[lane] - xx, syy = myy[lane] - yy, sxy = mxy[lane] - xy;
                total += (2 * xy + c1) * (2 * sxy + c2) / ((xx + yy + c1) * (sxx + syy + c2));
            }
        }
    }
    return total;
}
