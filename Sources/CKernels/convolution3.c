#include "include/convolution3.h"

#include <string.h>

void kernel_gather3(const float *image, long height, long width, long y, float *patches, long stride) {
    for (long x = 0; x < width; x++, patches += stride) {
        for (long dy = 0; dy < 3; dy++) {
            const long row = y + dy - 1;
            for (long dx = 0; dx < 3; dx++) {
                const long column = x + dx - 1;
                float *to = patches + 3 * (3 * dy + dx);
                if (row < 0 || row >= height || column < 0 || column >= width) {
                    memset(to, 0, 3 * sizeof(float));
                } else {
                    memcpy(to, image + (row * width + column) * 3, 3 * sizeof(float));
                }
            }
        }
    }
}

void kernel_scatter3(
    const float *taps, long stride, long height, long width, long y, const float bias[3], float *image) {
    float *out = image + y * width * 3;
    for (long x = 0; x < width; x++, out += 3) {
        float sum[3] = {bias[0], bias[1], bias[2]};
        for (long dy = 0; dy < 3; dy++) {
            const long row = y + dy - 1;
            if (row < 0 || row >= height) continue;
            for (long dx = 0; dx < 3; dx++) {
                const long column = x + dx - 1;
                if (column < 0 || column >= width) continue;
                const float *tap = taps + (row * width + column) * stride + 3 * (3 * dy + dx);
                for (int c = 0; c < 3; c++) sum[c] += tap[c];
            }
        }
        memcpy(out, sum, sizeof sum);
    }
}
