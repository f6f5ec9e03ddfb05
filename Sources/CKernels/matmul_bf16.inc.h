// Matrix products with bfloat16 operands and float32 sums (AVX-512 BF16); laid out as in matmul.inc.h, except that
// panels hold pairs of neighbouring depths: lane j of a vector is the pair (w[k][j], w[k+1][j]), an odd depth is padded by
// a zero. The strip of a is rounded to bfloat16 once per product, in memory of the calling thread.

typedef __m512bh pairs;

INLINE pairs load_pairs(const float *p) { return (pairs)_mm512_loadu_ps(p); }

INLINE void tile_pairs(
    const int rows, const int vectors, long depth, const float *restrict a, long a_stride,
    const float *restrict weights, vector sums[ROWS][2]) {
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = (vector)0.0f;
    }
    for (long k = 0; k < depth; k++) {
        pairs w[2];
        UNROLL for (int j = 0; j < vectors; j++) w[j] = load_pairs(weights + j * LANES);
        UNROLL for (int i = 0; i < rows; i++) {
            // Two bfloat16 travel as one float; no arithmetic is done on it as such.
            const pairs x = (pairs)_mm512_set1_ps(a[i * a_stride + k]);
            UNROLL for (int j = 0; j < vectors; j++) {
                sums[i][j] = (vector)_mm512_dpbf16_ps((__m512)sums[i][j], x, w[j]);
            }
        }
        weights += vectors * LANES;
    }
}

INLINE void pairs_of_panel(
    const int rows, const int vectors, const kernel_epilogue epilogue, const kernel_matmul *op, long row,
    const float *weights, const float *bias, long column, prefetch *ahead) {
    vector sums[ROWS][2];
    prefetch_some(ahead);
    tile_pairs(rows, vectors, op->depth, op->a + row * op->a_stride, op->a_stride, weights, sums);
    const long columns = epilogue == kernel_gate ? op->columns / 2 : op->columns;
    finish(rows, vectors, epilogue, sums, bias, op->c + row * op->c_stride + column, op->c_stride, columns - column);
}

INLINE void panel_pairs(
    const int vectors, const kernel_epilogue epilogue, const kernel_matmul *op, const float *weights,
    const float *bias, long column, prefetch *ahead) {
    long row = 0;
    for (; row + ROWS <= op->rows; row += ROWS) {
        pairs_of_panel(ROWS, vectors, epilogue, op, row, weights, bias, column, ahead);
    }
    for (; row + 4 <= op->rows; row += 4) pairs_of_panel(4, vectors, epilogue, op, row, weights, bias, column, ahead);
    for (; row < op->rows; row++) pairs_of_panel(1, vectors, epilogue, op, row, weights, bias, column, ahead);
}

INLINE void product_pairs(const kernel_epilogue epilogue, const kernel_matmul *op) {
    const float *weights = op->weights, *bias = op->bias;
    const long columns = epilogue == kernel_gate ? op->columns / 2 : op->columns;
    const long step = epilogue == kernel_gate ? LANES : 2 * LANES;
    prefetch ahead = prefetch_of(op, panels_of(op->columns, epilogue));
    for (long column = 0; column < columns; column += step) {
        if (epilogue == kernel_gate || columns - column > LANES) {
            panel_pairs(2, epilogue, op, weights, bias, column, &ahead);
        } else {
            panel_pairs(1, epilogue, op, weights, bias, column, &ahead);
        }
        weights += op->depth * 2 * LANES;
        bias += 2 * LANES;
    }
}

/// Rounds (rows, depth) to nearest even. Beyond an odd depth one more value is written, a zero. The stride is in
/// bfloat16.
static void round_rows(long rows, long depth, const float *a, long a_stride, unsigned short *to, long to_stride) {
    for (long row = 0; row < rows; row++, a += a_stride, to += to_stride) {
        long k = 0;
        for (; k + 32 <= depth; k += 32) {
            const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(a + k + 16), _mm512_loadu_ps(a + k));
            _mm512_storeu_ps(to + k, (__m512)both);
        }
        for (; k < depth; k += 32) {
            const long left = depth - k;
            const __mmask16 low = left >= 16 ? 0xFFFF : (__mmask16)((1 << left) - 1);
            const __mmask16 high = left > 16 ? (__mmask16)((1 << (left - 16)) - 1) : 0;
            const __m512bh both =
                _mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, a + k + 16), _mm512_maskz_loadu_ps(low, a + k));
            const __mmask16 out = (__mmask16)((1 << ((left + 1) / 2)) - 1);
            _mm512_mask_storeu_ps(to + k, out, (__m512)both);
        }
    }
}

static void matmul_bf16(const kernel_matmul *given, kernel_epilogue epilogue) {
    kernel_matmul op = *given;
    op.depth = (given->segments * given->depth + 1) / 2;
    op.segments = 1;
    // Rows one line apart beyond their length, so that they do not fall into the same cache sets.
    op.a_stride = (op.depth + 15) / 16 * 16 + 16;
    float *rounded = kernel_side_scratch((size_t)(op.rows * op.a_stride));
    // Segments come to stand one behind the other; the zero after one of odd depth is overwritten by the next.
    for (long segment = 0; segment < given->segments; segment++) {
        round_rows(
            given->rows, given->depth, given->a + segment * given->a_segment, given->a_stride,
            (unsigned short *)rounded + segment * given->depth, 2 * op.a_stride);
    }
    op.a = rounded;
    switch (epilogue) {
    case kernel_store: product_pairs(kernel_store, &op); break;
    case kernel_add: product_pairs(kernel_add, &op); break;
    case kernel_gelu: product_pairs(kernel_gelu, &op); break;
    case kernel_gate: product_pairs(kernel_gate, &op); break;
    case kernel_relu: product_pairs(kernel_relu, &op); break;
    }
}

static long packed_weights_bf16(long columns, long depth, int gate) {
    return padded_columns(columns, gate) * ((depth + 1) / 2);
}

static unsigned short rounded_bf16(float x) {
    unsigned bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (unsigned short)((bits >> 16) | 0x40);
    return (unsigned short)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

static void pack_bf16(
    long columns, long depth, int gate, const float *weights, const float *bias, float *to_weights, float *to_bias) {
    const long padded = padded_columns(columns, gate), half = (depth + 1) / 2;
    unsigned short *to = (unsigned short *)to_weights;
    for (long start = 0; start < padded;) {
        const long width = padded - start >= 2 * LANES ? 2 * LANES : LANES;
        for (long lane = 0; lane < width; lane++) {
            const long column = column_of_lane(columns, gate, start + lane);
            to_bias[start + lane] = column >= 0 && bias ? bias[column] : 0.0f;
            for (long k = 0; k < 2 * half; k++) {
                const float w = column >= 0 && k < depth ? weights[column * depth + k] : 0.0f;
                to[2 * (start * half + k / 2 * width + lane) + k % 2] = rounded_bf16(w);
            }
        }
        start += width;
    }
}
