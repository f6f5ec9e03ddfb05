#ifndef CKERNELS_KERNEL_BRANCH_H
#define CKERNELS_KERNEL_BRANCH_H

#include <stdint.h>

// Pointwise work of the UFPNet encoder: what stands between the matrix products of its kernel branch (specification 5)
// and of its kernel attention (specification 4). Rows are pixels, strides in floats between neighbouring pixels.
//
// exp, tanh and sigmoid are within 4e-7 of the true value, relatively, for arguments whose result is a normal float.

/// One coupling of the flow's inverse on the channels that it changes; see couple_rows.
typedef struct {
    long rows;
    long channels;
    float *x;  ///< (rows, channels)
    long x_stride;
    const float *factor;  ///< (channels): the normalisation that was put off, x·factor + offset
    const float *offset;
    const float *keep;    ///< (channels): the mask, 0 where a channel is replaced and 1 where it stays
    const float *scale;   ///< (rows, channels): S
    const float *shift;   ///< (rows, channels): T
    long stride;          ///< of both
} kernel_coupling;

/// Standard normal noise that depends on key, pixel and channel alone; see add_noise.
typedef struct {
    long rows;
    long channels;
    uint64_t key;             ///< of the seed and the tile
    uint64_t first;           ///< number of the first row's pixel in the tile
    const uint32_t *channel;  ///< (channels): what each of them is called
    const float *deviation;   ///< (rows): σ
    float *x;                 ///< (rows, channels): σ·ε is added
    long x_stride;
} kernel_noise;

typedef struct {
    /// y = max(x, 0)
    void (*relu_rows)(long rows, long channels, const float *x, long x_stride, float *y, long y_stride);
    /// x = softmax(x) over the channels of each row
    void (*softmax_rows)(long rows, long channels, float *x, long x_stride);
    /// mean[row] = mean over the channels of sigmoid(x)
    void (*sigmoid_mean)(long rows, long channels, const float *x, long x_stride, float *mean);
    /// x = (x − mean) / deviation · gain[row]; the unbiased deviation over the channels, no epsilon
    void (*standardise_rows)(long rows, long channels, const float *gain, float *x, long x_stride);
    void (*add_noise)(const kernel_noise *op);
    /// x = tanh(x) in the first `tanhs` channels, max(x, 0) in the others
    void (*tanh_relu_rows)(long rows, long tanhs, long channels, float *x, long x_stride);
    /// v = x·factor + offset; x = keep·v + (1 − keep)·(v·exp(scale) + shift)
    void (*couple_rows)(const kernel_coupling *op);
    /// x = sigmoid(x·factor + offset)·gain + base, factor and offset per channel
    void (*sigmoid_rows)(
        long rows, long channels, const float *factor, const float *offset, float gain, float base, float *x,
        long x_stride);
    /// y = p·sigmoid(z) + x
    void (*sigmoid_gate)(
        long rows, long channels, const float *p, long p_stride, const float *z, long z_stride, const float *x,
        long x_stride, float *y, long y_stride);
} kernel_branch;

#endif
