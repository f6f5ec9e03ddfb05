// The way between samples and the network's floats. Plain loops over contiguous samples that the compiler turns into
// vector code; each is limited by memory, not by arithmetic.
#include "CImageCodecs.h"

// v · 255 has to be rounded to float before it is rounded to an integer: no fused multiply-add.
#pragma STDC FP_CONTRACT OFF

// Adding 1.5·2^23 leaves the nearest integer (ties to even) in the low bits of the sum; for 0 ≤ v ≤ 65535.
static inline uint32_t round_half_even(float v) {
    const float shift = 12582912.0f;
    union {
        float f;
        uint32_t u;
    } sum = {v + shift};
    return sum.u & 0xffff;
}

static inline float clamp(float v) {
    v = v > 0.0f ? v : 0.0f;  // NaN is not greater: 0
    return v < 1.0f ? v : 1.0f;
}

#define ROWS(NAME, TYPE, MAX)                                                                                          \
    static void NAME##_read_flat(const TYPE *restrict in, float *restrict out, ptrdiff_t samples) {                    \
        for (ptrdiff_t i = 0; i < samples; i++) out[i] = (float)in[i] / MAX;                                           \
    }                                                                                                                  \
    static void NAME##_read_gray(const TYPE *restrict in, float *restrict out, ptrdiff_t pixels) {                     \
        for (ptrdiff_t i = 0; i < pixels; i++) {                                                                       \
            float v = (float)in[i] / MAX;                                                                              \
            out[3 * i] = v, out[3 * i + 1] = v, out[3 * i + 2] = v;                                                    \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME##_write_flat(const float *restrict in, TYPE *restrict out, ptrdiff_t samples) {                   \
        for (ptrdiff_t i = 0; i < samples; i++) out[i] = (TYPE)round_half_even(clamp(in[i]) * MAX);                    \
    }                                                                                                                  \
    static void NAME##_write_flat_alpha(const float *restrict in, TYPE *restrict out, const TYPE *restrict alpha,      \
                                        ptrdiff_t pixels) {                                                            \
        for (ptrdiff_t i = 0; i < pixels; i++)                                                                         \
            for (int c = 0; c < 3; c++) {                                                                              \
                TYPE v = (TYPE)round_half_even(clamp(in[3 * i + c]) * MAX);                                            \
                out[3 * i + c] = alpha[i] ? v : out[3 * i + c];                                                        \
            }                                                                                                          \
    }                                                                                                                  \
    static void NAME##_write_gray(const float *restrict in, TYPE *restrict out, const TYPE *alpha,                     \
                                  ptrdiff_t pixels) {                                                                  \
        for (ptrdiff_t i = 0; i < pixels; i++) {                                                                       \
            float sum = in[3 * i] + in[3 * i + 1];                                                                     \
            sum = sum + in[3 * i + 2];                                                                                 \
            TYPE v = (TYPE)round_half_even(clamp(sum / 3.0f) * MAX);                                                   \
            if (!alpha || alpha[i]) out[i] = v;                                                                        \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME##_read(const image_raster *r, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, float *out) {            \
        const TYPE *in = (const TYPE *)r->samples + (y * r->width + x) * r->channels;                                  \
        if (r->channels == 3)                                                                                          \
            NAME##_read_flat(in, out, 3 * width);                                                                      \
        else                                                                                                           \
            NAME##_read_gray(in, out, width);                                                                          \
    }                                                                                                                  \
    static void NAME##_write(const image_raster *r, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, const float *in) {      \
        TYPE *out = (TYPE *)r->samples + (y * r->width + x) * r->channels;                                             \
        const TYPE *alpha = r->alpha ? (const TYPE *)r->alpha + y * r->width + x : 0;                                  \
        if (r->channels == 1)                                                                                          \
            NAME##_write_gray(in, out, alpha, width);                                                                  \
        else if (alpha)                                                                                                \
            NAME##_write_flat_alpha(in, out, alpha, width);                                                            \
        else                                                                                                           \
            NAME##_write_flat(in, out, 3 * width);                                                                     \
    }

ROWS(bits8, uint8_t, 255.0f)
ROWS(bits16, uint16_t, 65535.0f)

void image_read_rgb(const image_raster *raster, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height,
                    float *output, ptrdiff_t stride) {
    for (ptrdiff_t row = 0; row < height; row++)
        if (raster->bit_depth == 16)
            bits16_read(raster, x, y + row, width, output + row * stride);
        else
            bits8_read(raster, x, y + row, width, output + row * stride);
}

void image_write_rgb(const image_raster *raster, ptrdiff_t x, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height,
                     const float *input, ptrdiff_t stride) {
    for (ptrdiff_t row = 0; row < height; row++)
        if (raster->bit_depth == 16)
            bits16_write(raster, x, y + row, width, input + row * stride);
        else
            bits8_write(raster, x, y + row, width, input + row * stride);
}
