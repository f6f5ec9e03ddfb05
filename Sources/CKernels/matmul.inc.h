// Matrix products of a strip of pixels with packed weights, the neighbouring layer fused into the store.
//
// Weights are packed in panels of 2·LANES columns, (depth, 2·LANES) each, zeros beyond the last column; a last panel
// with LANES columns or fewer is LANES wide. For kernel_gate a panel holds LANES columns of the first half and the
// LANES of the second half that they meet, so that the gate happens between two registers.
//
// A tile of ROWS × 2·LANES sums stays in registers through the whole depth: each step loads two vectors of weights and
// broadcasts ROWS values of a. The panel is the outer loop: its weights come from L2 once per strip while a stays near.
// The segments of a row follow each other in the depth.

/// Additions in a row before sums are added to sums: halves the rounding error of the UFPNet estimator's logits against
/// one chain of up to 2304 (2.4e-5 to 1.5e-5, rms; PyTorch 1.6e-5), for less time than can be measured.
enum { longest_chain = 128 };

/// sums += a·w over the depths `start` ..< `end`; `weights` are those of `start`.
INLINE void chain(
    const int rows, const int vectors, const float *restrict a, long a_stride, const float *restrict weights,
    long start, long end, vector sums[ROWS][2]) {
    for (long k = start; k < end; k++) {
        vector w[2];
        UNROLL for (int j = 0; j < vectors; j++) w[j] = load(weights + j * LANES);
        UNROLL for (int i = 0; i < rows; i++) {
            const vector x = (vector)a[i * a_stride + k];
            UNROLL for (int j = 0; j < vectors; j++) sums[i][j] += x * w[j];
        }
        weights += vectors * LANES;
    }
}

INLINE void tile(
    const int rows, const int vectors, const kernel_matmul *op, const float *restrict a,
    const float *restrict weights, vector sums[ROWS][2]) {
    const long depth = op->depth, a_stride = op->a_stride;
    UNROLL for (int i = 0; i < rows; i++) {
        UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = (vector)0.0f;
    }
    // One chain: no second set of sums, which would not fit into the registers beside the first.
    if (op->segments == 1 && depth <= longest_chain) {
        chain(rows, vectors, a, a_stride, weights, 0, depth, sums);
        return;
    }
    for (long segment = 0; segment < op->segments; segment++) {
        for (long start = 0; start < depth; start += longest_chain) {
            const long end = depth - start < longest_chain ? depth : start + longest_chain;
            vector part[ROWS][2];
            UNROLL for (int i = 0; i < rows; i++) {
                UNROLL for (int j = 0; j < vectors; j++) part[i][j] = (vector)0.0f;
            }
            chain(rows, vectors, a, a_stride, weights, start, end, part);
            weights += (end - start) * vectors * LANES;
            UNROLL for (int i = 0; i < rows; i++) {
                UNROLL for (int j = 0; j < vectors; j++) sums[i][j] += part[i][j];
            }
        }
        a += op->a_segment;
    }
}

/// Stores `rows` rows of one panel; `count` columns of c are left.
INLINE void finish(
    const int rows, const int vectors, const kernel_epilogue epilogue, vector sums[ROWS][2], const float *bias,
    float *c, long c_stride, long count) {
    vector b[2];
    UNROLL for (int j = 0; j < vectors; j++) b[j] = load(bias + j * LANES);
    UNROLL for (int i = 0; i < rows; i++) {
        float *out = c + i * c_stride;
        if (epilogue == kernel_gate) {
            store_part(out, (sums[i][0] + b[0]) * (sums[i][1] + b[1]), count);
            continue;
        }
        UNROLL for (int j = 0; j < vectors; j++) {
            const long left = count - j * LANES;
            if (left <= 0) break;
            vector v = sums[i][j] + b[j];
            if (epilogue == kernel_add) v += load_part(out + j * LANES, left);
            if (epilogue == kernel_gelu) v = gelu(v);
            if (epilogue == kernel_relu) v = __builtin_elementwise_max(v, (vector)0.0f);
            store_part(out + j * LANES, v, left);
        }
    }
}

/// What is brought into the second cache while a product is at work, some lines with every tile: a product waits for its
/// arithmetic, what comes before and after it for memory.
typedef struct {
    const char *next, *end;
    long step;
} prefetch;

enum { cache_line = 64 };

INLINE prefetch prefetch_of(const kernel_matmul *op, long panels) {
    const long tiles = panels * ((op->rows + ROWS - 1) / ROWS), bytes = op->ahead_count * (long)sizeof(float);
    const char *start = (const char *)op->ahead;
    // No pointer is made from nothing.
    if (bytes == 0) return (prefetch){start, start, 0};
    return (prefetch){start, start + bytes, (bytes + tiles * cache_line - 1) / (tiles * cache_line)};
}

INLINE void prefetch_some(prefetch *ahead) {
    for (long i = 0; i < ahead->step && ahead->next < ahead->end; i++, ahead->next += cache_line) {
        __builtin_prefetch(ahead->next, 0, 2);
    }
}

INLINE void rows_of_panel(
    const int rows, const int vectors, const kernel_epilogue epilogue, const kernel_matmul *op, long row,
    const float *weights, const float *bias, long column, prefetch *ahead) {
    vector sums[ROWS][2];
    prefetch_some(ahead);
    tile(rows, vectors, op, op->a + row * op->a_stride, weights, sums);
    const long columns = epilogue == kernel_gate ? op->columns / 2 : op->columns;
    finish(rows, vectors, epilogue, sums, bias, op->c + row * op->c_stride + column, op->c_stride, columns - column);
}

INLINE void panel(
    const int vectors, const kernel_epilogue epilogue, const kernel_matmul *op, const float *weights,
    const float *bias, long column, prefetch *ahead) {
    long row = 0;
    for (; row + ROWS <= op->rows; row += ROWS) {
        rows_of_panel(ROWS, vectors, epilogue, op, row, weights, bias, column, ahead);
    }
    for (; row + 4 <= op->rows; row += 4) rows_of_panel(4, vectors, epilogue, op, row, weights, bias, column, ahead);
    for (; row < op->rows; row++) rows_of_panel(1, vectors, epilogue, op, row, weights, bias, column, ahead);
}

static long panels_of(long columns, kernel_epilogue epilogue) {
    const long width = epilogue == kernel_gate ? LANES : 2 * LANES;
    return ((epilogue == kernel_gate ? columns / 2 : columns) + width - 1) / width;
}

INLINE void product(const kernel_epilogue epilogue, const kernel_matmul *op) {
    const float *weights = op->weights, *bias = op->bias;
    const long depth = op->segments * op->depth;
    prefetch ahead = prefetch_of(op, panels_of(op->columns, epilogue));
    if (epilogue == kernel_gate) {
        for (long column = 0; column < op->columns / 2; column += LANES) {
            panel(2, epilogue, op, weights, bias, column, &ahead);
            weights += depth * 2 * LANES;
            bias += 2 * LANES;
        }
        return;
    }
    long column = 0;
    for (; op->columns - column > LANES; column += 2 * LANES) {
        panel(2, epilogue, op, weights, bias, column, &ahead);
        weights += depth * 2 * LANES;
        bias += 2 * LANES;
    }
    if (column < op->columns) panel(1, epilogue, op, weights, bias, column, &ahead);
}

UNUSED static void matmul(const kernel_matmul *op, kernel_epilogue epilogue) {
    switch (epilogue) {
    case kernel_store: product(kernel_store, op); break;
    case kernel_add: product(kernel_add, op); break;
    case kernel_gelu: product(kernel_gelu, op); break;
    case kernel_gate: product(kernel_gate, op); break;
    case kernel_relu: product(kernel_relu, op); break;
    }
}

static long padded_columns(long columns, int gate) {
    if (gate) return (columns / 2 + LANES - 1) / LANES * 2 * LANES;
    return (columns + LANES - 1) / LANES * LANES;
}

UNUSED static long packed_weights(long columns, long depth, int gate) { return padded_columns(columns, gate) * depth; }

static long packed_bias(long columns, int gate) { return padded_columns(columns, gate); }

/// The column of the product that stands in that lane of the packed form; −1 for padding.
static long column_of_lane(long columns, int gate, long lane) {
    if (!gate) return lane < columns ? lane : -1;
    const long half = columns / 2, block = lane / (2 * LANES), within = lane % (2 * LANES);
    const long column = block * LANES + within % LANES;
    return column < half ? column + (within < LANES ? 0 : half) : -1;
}

UNUSED static void pack(
    long columns, long depth, int gate, const float *weights, const float *bias, float *to_weights, float *to_bias) {
    const long padded = padded_columns(columns, gate);
    for (long start = 0; start < padded;) {
        const long width = padded - start >= 2 * LANES ? 2 * LANES : LANES;
        for (long lane = 0; lane < width; lane++) {
            const long column = column_of_lane(columns, gate, start + lane);
            to_bias[start + lane] = column >= 0 && bias ? bias[column] : 0.0f;
            for (long k = 0; k < depth; k++) {
                to_weights[start * depth + k * width + lane] = column >= 0 ? weights[column * depth + k] : 0.0f;
            }
        }
        start += width;
    }
}

UNUSED static void scale_weights(long columns, long depth, const float *packed, const float *scale, float *to) {
    for (long left = padded_columns(columns, 0); left > 0;) {
        const long width = left >= 2 * LANES ? 2 * LANES : LANES;
        for (long k = 0; k < depth; k++, packed += width, to += width) {
            for (long lane = 0; lane < width; lane += LANES) store(to + lane, load(packed + lane) * scale[k]);
        }
        left -= width;
    }
}
