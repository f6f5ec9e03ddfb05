// The plain kernel set: OpenBLAS for products, FFTW for transforms, and vectors of four floats, which every CPU has,
// for the rest. Fallback on CPUs without a set of their own, and the reference that the others are tested against.

#include <cblas.h>
#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "include/kernel_memory.h"
#include "include/kernel_set.h"

#define LANES 4
#include "simd.inc.h"

#include "branch.inc.h"
#include "layers.inc.h"
#include "peak.inc.h"

// MARK: Products. "Packed" weights are the checkpoint's (columns, depth) as they are.

static long packed_weights(long columns, long depth, int gate) {
    (void)gate;
    return columns * depth;
}

static long packed_bias(long columns, int gate) {
    (void)gate;
    return columns;
}

static void pack(
    long columns, long depth, int gate, const float *weights, const float *bias, float *to_weights, float *to_bias) {
    (void)gate;
    memcpy(to_weights, weights, sizeof(float) * (size_t)(columns * depth));
    if (bias) {
        memcpy(to_bias, bias, sizeof(float) * (size_t)columns);
    } else {
        memset(to_bias, 0, sizeof(float) * (size_t)columns);
    }
}

static void scale_weights(long columns, long depth, const float *packed, const float *scale, float *to) {
    for (long i = 0; i < columns * depth; i++) to[i] = packed[i] * scale[i % depth];
}

static void use_one_blas_thread(void) {
    // The callers are the threads; OpenBLAS adding its own would fight them.
    openblas_set_num_threads(1);
}

static void matmul(const kernel_matmul *op, kernel_epilogue epilogue) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, use_one_blas_thread);
    const int gate = epilogue == kernel_gate;
    float *c = gate ? op->product : op->c;
    const long stride = gate ? op->columns : op->c_stride, half = op->columns / 2;
    // BLAS wants rows that do not overlap: those that do are multiplied in pieces.
    const long piece = op->a_stride < op->depth ? op->a_stride : op->depth, whole = op->segments * op->depth;
    float keep = epilogue == kernel_add ? 1.0f : 0.0f;
    for (long segment = 0; segment < op->segments; segment++) {
        for (long k = 0; k < op->depth; k += piece) {
            const long depth = op->depth - k < piece ? op->depth - k : piece;
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, (int)op->rows, (int)op->columns, (int)depth, 1.0f,
                op->a + segment * op->a_segment + k, (int)op->a_stride, op->weights + segment * op->depth + k,
                (int)whole, keep, c, (int)stride);
            keep = 1.0f;
        }
    }
    for (long row = 0; row < op->rows; row++) {
        float *p = c + row * stride, *out = op->c + row * op->c_stride;
        if (gate) {
            for (long i = 0; i < half; i++) out[i] = (p[i] + op->bias[i]) * (p[half + i] + op->bias[half + i]);
        } else if (epilogue == kernel_gelu) {
            for (long i = 0; i < op->columns; i += LANES) {
                const long count = op->columns - i;
                store_part(p + i, gelu(load_part(p + i, count) + load_part(op->bias + i, count)), count);
            }
        } else if (epilogue == kernel_relu) {
            for (long i = 0; i < op->columns; i++) {
                const float v = p[i] + op->bias[i];
                p[i] = v > 0.0f ? v : 0.0f;
            }
        } else {
            for (long i = 0; i < op->columns; i++) p[i] += op->bias[i];
        }
    }
}

// MARK: Transforms. Split real and imaginary arrays, the channels as FFTW's vector loop.

struct kernel_fourier {
    long height, width, channels;
    fftwf_plan row, inverse_row, column, inverse_column;
};

/// FFTW's planner keeps global state; only execution is safe from several threads.
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static void fourier_free(kernel_fourier *f) {
    if (!f) return;
    pthread_mutex_lock(&planner);
    if (f->row) fftwf_destroy_plan(f->row);
    if (f->inverse_row) fftwf_destroy_plan(f->inverse_row);
    if (f->column) fftwf_destroy_plan(f->column);
    if (f->inverse_column) fftwf_destroy_plan(f->inverse_column);
    pthread_mutex_unlock(&planner);
    kernel_free(f);
}

static kernel_fourier *fourier_make(long height, long width, long channels) {
    kernel_fourier *f = kernel_allocate(sizeof *f);
    if (!f) return NULL;
    *f = (kernel_fourier){.height = height, .width = width, .channels = channels};
    // Planning without measuring reads and writes nothing, but wants arrays that it can reason about.
    float *map = fftwf_malloc(sizeof(float) * (size_t)(width * channels));
    float *spectrum = fftwf_malloc(sizeof(float) * (size_t)((width / 2 + 1) * (height + 1) * 2 * channels));
    float *bins = fftwf_malloc(sizeof(float) * (size_t)(height * 2 * channels));
    if (!map || !spectrum || !bins) goto fail;
    // A column is one bin longer than it has (fourier.inc.h).
    const int bin = (int)((height + 1) * 2 * channels), pair = (int)(2 * channels);
    const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_PRESERVE_INPUT;
    const fftwf_iodim lanes = {(int)channels, 1, 1};
    const fftwf_iodim along_row = {(int)width, (int)channels, bin}, back = {(int)width, bin, (int)channels};
    const fftwf_iodim along_column = {(int)height, pair, pair};
    pthread_mutex_lock(&planner);
    f->row = fftwf_plan_guru_split_dft_r2c(1, &along_row, 1, &lanes, map, spectrum, spectrum + channels, flags);
    f->inverse_row = fftwf_plan_guru_split_dft_c2r(1, &back, 1, &lanes, spectrum, spectrum + channels, map, flags);
    f->column = fftwf_plan_guru_split_dft(
        1, &along_column, 1, &lanes, spectrum, spectrum + channels, bins, bins + channels, flags);
    // The inverse: real and imaginary parts exchanged on both sides. A plan of its own, since a plan holds for one
    // distance between the two arrays.
    f->inverse_column = fftwf_plan_guru_split_dft(
        1, &along_column, 1, &lanes, bins + channels, bins, spectrum + channels, spectrum, flags);
    pthread_mutex_unlock(&planner);
    if (!f->row || !f->inverse_row || !f->column || !f->inverse_column) goto fail;
    fftwf_free(map);
    fftwf_free(spectrum);
    fftwf_free(bins);
    return f;
fail:
    fftwf_free(map);
    fftwf_free(spectrum);
    fftwf_free(bins);
    fourier_free(f);
    return NULL;
}

static long fourier_scratch(const kernel_fourier *f) {
    const long row = f->width * f->channels, column = f->height * 2 * f->channels;
    return row > column ? row : column;
}

static void copy_rows(long rows, long channels, const float *from, long from_stride, float *to, long to_stride) {
    for (long i = 0; i < rows; i++) {
        memcpy(to + i * to_stride, from + i * from_stride, sizeof(float) * (size_t)channels);
    }
}

static void fourier_row(
    const kernel_fourier *f, const float *row, long stride, long y, float *spectrum, float *scratch) {
    copy_rows(f->width, f->channels, row, stride, scratch, f->channels);
    float *out = spectrum + y * 2 * f->channels;
    fftwf_execute_split_dft_r2c(f->row, scratch, out, out + f->channels);
}

static void inverse_row(
    const kernel_fourier *f, const float *spectrum, long y, float *row, long stride, float *scratch) {
    // The plan preserves its input; the interface takes no const.
    float *in = (float *)spectrum + y * 2 * f->channels;
    fftwf_execute_split_dft_c2r(f->inverse_row, in, in + f->channels, scratch);
    copy_rows(f->width, f->channels, scratch, f->channels, row, stride);
}

static void fourier_column(
    const kernel_fourier *f, const float *column, float *bins, long stride, float *scratch) {
    const long c = f->channels;
    float *in = (float *)column;
    fftwf_execute_split_dft(f->column, in, in + c, scratch, scratch + c);
    copy_rows(f->height, 2 * c, scratch, 2 * c, bins, stride);
}

static void inverse_column(
    const kernel_fourier *f, const float *bins, long stride, float *column, float *scratch) {
    const long c = f->channels;
    copy_rows(f->height, 2 * c, bins, stride, scratch, 2 * c);
    fftwf_execute_split_dft(f->inverse_column, scratch + c, scratch, column + c, column);
}

static const kernel_set set = {
    .name = "portable",
    .packed_weights = packed_weights,
    .packed_bias = packed_bias,
    .pack = pack,
    .scale_weights = scale_weights,
    .matmul = matmul,
    .layer_norm = layer_norm,
    .depthwise_gate = depthwise_gate,
    .scale_rows = scale_rows,
    .add_rows = add_rows,
    .combine_rows = combine_rows,
    .multiply_add_rounds = multiply_add_rounds,
    .multiply_adds_per_round = multiply_adds_per_round,
    .fourier_make = fourier_make,
    .fourier_free = fourier_free,
    .fourier_scratch = fourier_scratch,
    .fourier_row = fourier_row,
    .fourier_column = fourier_column,
    .inverse_column = inverse_column,
    .inverse_row = inverse_row,
    .branch = BRANCH,
};

const kernel_set *kernel_set_portable(void) { return &set; }
