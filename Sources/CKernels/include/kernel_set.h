#ifndef CKERNELS_KERNEL_SET_H
#define CKERNELS_KERNEL_SET_H

#include "kernel_branch.h"

// Feature maps are (pixels, channels) row-major: the channels of a pixel are neighbours. A matrix product, a
// normalisation and a vector register then all run along memory, and the lanes of a register are channels of one pixel,
// so that the Fourier transform needs no shuffles either.
//
// Strides are in floats, between the starts of neighbouring pixels (rows of a matrix).

/// What becomes of a matrix product before it is stored.
typedef enum {
    /// c = a·b + bias
    kernel_store,
    /// c = c + a·b + bias
    kernel_add,
    /// c = GELU(a·b + bias), the exact erf form
    kernel_gelu,
    /// c = (first half of a·b + bias) × (second half)
    kernel_gate,
    /// c = max(a·b + bias, 0)
    kernel_relu,
} kernel_epilogue;

/// One product of a strip of pixels with packed weights.
///
/// A row of a may lie in several segments. Rows may overlap (a stride below the depth): the three pixels under one row of
/// a 3×3 convolution are neighbours in memory, so that such a convolution is a product with three segments, one per row
/// of the image, and nothing is gathered.
typedef struct {
    long rows;             ///< pixels
    long depth;            ///< values of a row in each segment
    long segments;         ///< 1 or more; the weights have segments · depth rows
    long columns;          ///< columns of a·b; twice those of c with kernel_gate
    const float *a;        ///< (segments, rows, depth)
    long a_stride;
    long a_segment;        ///< floats between the starts of neighbouring segments
    const float *weights;  ///< as packed by the same kernel set
    const float *bias;     ///< likewise; never null
    float *c;              ///< (rows, columns), or (rows, columns / 2) with kernel_gate
    long c_stride;
    float *product;        ///< (rows, columns) of working memory; only the portable set's kernel_gate uses it
    const float *ahead;    ///< what the caller's thread reads next; the second cache gets it meanwhile
    long ahead_count;      ///< floats of it; 0 for nothing
} kernel_matmul;

/// A layer normalisation over the channels of each pixel.
typedef struct {
    long rows;
    long channels;
    const float *x;
    long x_stride;
    const float *weight;  ///< (channels)
    const float *bias;    ///< (channels)
    float epsilon;
    float *y;
    long y_stride;
    int accumulate;  ///< y += instead of y =
} kernel_layer_norm;

/// One row of a depthwise 3×3 convolution with zero padding, gated.
typedef struct {
    long width;
    long channels;         ///< C of the result; the input has 2C
    const float *above;    ///< (width, 2C), null above the first row
    const float *here;     ///< (width, 2C)
    const float *below;    ///< (width, 2C), null below the last row
    const float *weights;  ///< (9, 2C): tap 3·dy + dx
    const float *bias;     ///< (2C)
    float *y;              ///< (width, C)
    double *sums;          ///< (C): the row's sum is added, for the pooling that follows
} kernel_depthwise;

/// The two-dimensional real Fourier transform of one map size, made once and shared by all threads.
///
/// The half spectrum is (width/2 + 1, height, 2·channels): column after column, in each bin all real parts, then all
/// imaginary parts. A row of the map turns into one bin of every column; a column is contiguous.
typedef struct kernel_fourier kernel_fourier;

/// The kernels for one instruction set. All members are safe to call from any thread.
typedef struct {
    const char *name;
    /// Floats of the packed form of (columns, depth) weights, and of their bias.
    long (*packed_weights)(long columns, long depth, int gate);
    long (*packed_bias)(long columns, int gate);
    /// Packs `weights` (columns, depth) row-major, and `bias` (columns) or zeros where it is null.
    void (*pack)(
        long columns, long depth, int gate, const float *weights, const float *bias, float *packed_weights,
        float *packed_bias);
    /// Packed weights as if what they multiply had been multiplied by `scale` (depth) before; no gate. Null where weights are
    /// rounded: they would be rounded twice.
    void (*scale_weights)(long columns, long depth, const float *packed, const float *scale, float *to);
    void (*matmul)(const kernel_matmul *op, kernel_epilogue epilogue);
    void (*layer_norm)(const kernel_layer_norm *op);
    void (*depthwise_gate)(const kernel_depthwise *op);
    /// y = x · scale, per channel
    void (*scale_rows)(
        long rows, long channels, const float *x, long x_stride, const float *scale, float *y, long y_stride);
    /// y = y + factor · x
    void (*add_rows)(
        long rows, long channels, float factor, const float *x, long x_stride, float *y, long y_stride);
    /// d = α·d + (z + factor·x), or with `invert` d = (d − (z + factor·x)) / α; α per channel (Eq. 9 and 10)
    void (*combine_rows)(
        long rows, long channels, const float *z, long z_stride, float factor, const float *x, long x_stride,
        const float *alpha, int invert, float *d, long d_stride);

    /// Runs that many rounds of multiply-adds that touch no memory, for measuring the peak.
    float (*multiply_add_rounds)(long rounds);
    long (*multiply_adds_per_round)(void);

    /// Null when memory is short. Sides of any size ≥ 1; the width even.
    kernel_fourier *(*fourier_make)(long height, long width, long channels);
    void (*fourier_free)(kernel_fourier *fourier);
    /// Floats of working memory that the four transforms want.
    long (*fourier_scratch)(const kernel_fourier *fourier);
    /// Row y of the map, (width, channels) with that stride, along x: fills bin y of every column.
    void (*fourier_row)(
        const kernel_fourier *fourier, const float *row, long stride, long y, float *spectrum, float *scratch);
    /// Along y: column x of the spectrum into (height, 2·channels) with that stride.
    void (*fourier_column)(
        const kernel_fourier *fourier, const float *column, float *bins, long stride, float *scratch);
    /// The inverses, unscaled: a round trip multiplies by height·width. The row's inverse ignores the imaginary part of
    /// columns 0 and width/2, as the complex-to-real transforms of numpy and PyTorch do.
    void (*inverse_column)(
        const kernel_fourier *fourier, const float *bins, long stride, float *column, float *scratch);
    void (*inverse_row)(
        const kernel_fourier *fourier, const float *spectrum, long y, float *row, long stride, float *scratch);

    /// Pointwise work of the UFPNet encoder.
    kernel_branch branch;
} kernel_set;

/// The plain set: OpenBLAS, FFTW and loops that any compiler vectorises. The fallback on other CPUs, and what the
/// others are tested against.
const kernel_set *kernel_set_portable(void);
/// Null where the CPU lacks AVX2 and FMA.
const kernel_set *kernel_set_avx2(void);
/// Null on other CPUs than those of 64-bit ARM.
const kernel_set *kernel_set_neon(void);
/// Null where the CPU lacks AVX-512 F, VL, BW and DQ.
const kernel_set *kernel_set_avx512(void);
/// As avx512, with matrix products whose operands are rounded to bfloat16 and whose sums are float32. Null where the CPU
/// lacks AVX-512 BF16.
const kernel_set *kernel_set_avx512bf16(void);

#endif
