// Layer normalisation and the depthwise convolution, vectorised over channels.

/// LANES rows whose channels fill their vectors: the sums over channels of all of them at once, to the same bits as one
/// by one.
INLINE void layer_norm_rows(const kernel_layer_norm *op, const float *x, float *y) {
    const long channels = op->channels, x_stride = op->x_stride, y_stride = op->y_stride;
    const float scale = 1.0f / (float)channels;
    vector totals[LANES];
    float means[LANES], inverses[LANES];
    UNROLL for (int i = 0; i < LANES; i++) {
        vector total = load(x + i * x_stride);
        for (long c = LANES; c < channels; c += LANES) total += load(x + i * x_stride + c);
        totals[i] = total;
    }
    store(means, sums_of(totals) * scale);
    // Centred squares, not E[x²] − mean²: some inputs are tiny beside their mean.
    UNROLL for (int i = 0; i < LANES; i++) {
        vector total = (vector)0.0f;
        for (long c = 0; c < channels; c += LANES) {
            const vector d = load(x + i * x_stride + c) - means[i];
            total += d * d;
        }
        totals[i] = total;
    }
    store(inverses, 1.0f / __builtin_elementwise_sqrt(sums_of(totals) * scale + op->epsilon));
    for (long c = 0; c < channels; c += LANES) {
        const vector weight = load(op->weight + c), bias = load(op->bias + c);
        UNROLL for (int i = 0; i < LANES; i++) {
            vector v = (load(x + i * x_stride + c) - means[i]) * inverses[i] * weight + bias;
            if (op->accumulate) v += load(y + i * y_stride + c);
            store(y + i * y_stride + c, v);
        }
    }
}

static void layer_norm(const kernel_layer_norm *op) {
    const long channels = op->channels, whole = channels / LANES * LANES, rest = channels - whole;
    const float scale = 1.0f / (float)channels;
    long first = 0;
    if (rest == 0) {
        for (; first + LANES <= op->rows; first += LANES) {
            layer_norm_rows(op, op->x + first * op->x_stride, op->y + first * op->y_stride);
        }
    }
    vector rest_mask = (vector)0.0f;
    for (long i = 0; i < rest; i++) rest_mask[i] = 1.0f;
    for (long row = first; row < op->rows; row++) {
        const float *x = op->x + row * op->x_stride;
        float *y = op->y + row * op->y_stride;
        vector total = (vector)0.0f;
        for (long c = 0; c < whole; c += LANES) total += load(x + c);
        if (rest) total += load_part(x + whole, rest);
        const float mean = sum(total) * scale;
        // Centred squares, not E[x²] − mean²: some inputs are tiny beside their mean.
        total = (vector)0.0f;
        for (long c = 0; c < whole; c += LANES) {
            const vector d = load(x + c) - mean;
            total += d * d;
        }
        if (rest) {
            const vector d = (load_part(x + whole, rest) - mean) * rest_mask;
            total += d * d;
        }
        const float inverse = 1.0f / __builtin_sqrtf(sum(total) * scale + op->epsilon);
        for (long c = 0; c < whole; c += LANES) {
            vector v = (load(x + c) - mean) * inverse * load(op->weight + c) + load(op->bias + c);
            if (op->accumulate) v += load(y + c);
            store(y + c, v);
        }
        if (rest) {
            vector v = (load_part(x + whole, rest) - mean) * inverse * load_part(op->weight + whole, rest)
                       + load_part(op->bias + whole, rest);
            if (op->accumulate) v += load_part(y + whole, rest);
            store_part(y + whole, v, rest);
        }
    }
}

/// Nine taps at pixel x for the LANES channels at `c` of an input of `stride` channels; only `count` of them exist.
INLINE vector taps(
    const float *const rows[3], long x, long width, long stride, long c, const vector weights[9], vector bias,
    const long count) {
    vector total = bias;
    UNROLL for (int dy = 0; dy < 3; dy++) {
        if (!rows[dy]) continue;
        UNROLL for (int dx = 0; dx < 3; dx++) {
            const long column = x + dx - 1;
            if (column < 0 || column >= width) continue;
            total += load_part(rows[dy] + column * stride + c, count) * weights[3 * dy + dx];
        }
    }
    return total;
}

/// Neighbouring pixels that share what is loaded.
enum { near_pixels = 4 };

/// The same away from the edges, for the pixels from x on: no test inside.
INLINE void inner_taps(
    const int pixels, const float *const rows[3], long x, long stride, long c, const vector weights[9], vector bias,
    vector totals[near_pixels]) {
    UNROLL for (int i = 0; i < pixels; i++) totals[i] = bias;
    UNROLL for (int dy = 0; dy < 3; dy++) {
        vector near[near_pixels + 2];
        UNROLL for (int i = 0; i < pixels + 2; i++) near[i] = load(rows[dy] + (x + i - 1) * stride + c);
        UNROLL for (int dx = 0; dx < 3; dx++) {
            UNROLL for (int i = 0; i < pixels; i++) totals[i] += near[i + dx] * weights[3 * dy + dx];
        }
    }
}

static void depthwise_gate(const kernel_depthwise *op) {
    const float *const rows[3] = {op->above, op->here, op->below};
    const long stride = 2 * op->channels;
    for (long c = 0; c < op->channels; c += LANES) {
        const long count = op->channels - c < LANES ? op->channels - c : LANES, second = op->channels + c;
        vector w0[9], w1[9];
        UNROLL for (int t = 0; t < 9; t++) {
            w0[t] = load_part(op->weights + t * stride + c, count);
            w1[t] = load_part(op->weights + t * stride + second, count);
        }
        const vector b0 = load_part(op->bias + c, count), b1 = load_part(op->bias + second, count);
        vector total = (vector)0.0f;
        long x = 0;
        const int inner = count == LANES && rows[0] && rows[2];
        for (; x < (inner ? (op->width < 1 ? op->width : 1) : op->width); x++) {
            const vector v = taps(rows, x, op->width, stride, c, w0, b0, count)
                             * taps(rows, x, op->width, stride, second, w1, b1, count);
            store_part(op->y + x * op->channels + c, v, count);
            total += v;
        }
        for (; inner && x + near_pixels < op->width; x += near_pixels) {
            vector v0[near_pixels], v1[near_pixels];
            inner_taps(near_pixels, rows, x, stride, c, w0, b0, v0);
            inner_taps(near_pixels, rows, x, stride, second, w1, b1, v1);
            UNROLL for (int i = 0; i < near_pixels; i++) {
                const vector v = v0[i] * v1[i];
                store(op->y + (x + i) * op->channels + c, v);
                total += v;
            }
        }
        for (; x + 1 < op->width; x++) {
            vector v0[near_pixels], v1[near_pixels];
            inner_taps(1, rows, x, stride, c, w0, b0, v0);
            inner_taps(1, rows, x, stride, second, w1, b1, v1);
            store(op->y + x * op->channels + c, v0[0] * v1[0]);
            total += v0[0] * v1[0];
        }
        for (; x < op->width; x++) {
            const vector v = taps(rows, x, op->width, stride, c, w0, b0, count)
                             * taps(rows, x, op->width, stride, second, w1, b1, count);
            store_part(op->y + x * op->channels + c, v, count);
            total += v;
        }
        float lanes[LANES];
        store(lanes, total);
        for (long i = 0; i < count; i++) op->sums[c + i] += (double)lanes[i];
    }
}

static void scale_rows(
    long rows, long channels, const float *x, long x_stride, const float *scale, float *y, long y_stride) {
    for (long row = 0; row < rows; row++, x += x_stride, y += y_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(y + c, load_part(x + c, count) * load_part(scale + c, count), count);
        }
    }
}

static void add_rows(
    long rows, long channels, float factor, const float *x, long x_stride, float *y, long y_stride) {
    for (long row = 0; row < rows; row++, x += x_stride, y += y_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(y + c, load_part(y + c, count) + load_part(x + c, count) * factor, count);
        }
    }
}

static void combine_rows(
    long rows, long channels, const float *z, long z_stride, float factor, const float *x, long x_stride,
    const float *alpha, int invert, float *d, long d_stride) {
    for (long row = 0; row < rows; row++, z += z_stride, x += x_stride, d += d_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector change = load_part(z + c, count) + load_part(x + c, count) * factor;
            const vector a = load_part(alpha + c, count), old = load_part(d + c, count);
            store_part(d + c, invert ? (old - change) / a : old * a + change, count);
        }
    }
}
