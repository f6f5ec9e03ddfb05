// Pointwise work of the UFPNet encoder, vectorised over channels (include/kernel_branch.h).

#include "functions.inc.h"

static void relu_rows(long rows, long channels, const float *x, long x_stride, float *y, long y_stride) {
    for (long row = 0; row < rows; row++, x += x_stride, y += y_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(y + c, __builtin_elementwise_max(load_part(x + c, count), (vector)0.0f), count);
        }
    }
}

/// 1 in the lanes below `count`.
INLINE vector lanes_below(long count) {
    vector mask = (vector)0.0f;
    for (long i = 0; i < LANES && i < count; i++) mask[i] = 1.0f;
    return mask;
}

static void softmax_rows(long rows, long channels, float *x, long x_stride) {
    const vector last = lanes_below(channels - (channels - 1) / LANES * LANES);
    for (long row = 0; row < rows; row++, x += x_stride) {
        float largest = x[0];
        if (channels >= LANES) {
            vector m = load(x);
            for (long c = LANES; c + LANES <= channels; c += LANES) m = __builtin_elementwise_max(m, load(x + c));
            // The last vector overlaps the one before: a maximum may see a value twice.
            m = __builtin_elementwise_max(m, load(x + channels - LANES));
            float lanes[LANES];
            store(lanes, m);
            for (int i = 0; i < LANES; i++) largest = lanes[i] > largest ? lanes[i] : largest;
        } else {
            for (long c = 1; c < channels; c++) largest = x[c] > largest ? x[c] : largest;
        }
        vector total = (vector)0.0f;
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector e = exponential(load_part(x + c, count) - largest);
            total += count <= LANES ? e * last : e;
            store_part(x + c, e, count);
        }
        const float inverse = 1.0f / sum(total);
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(x + c, load_part(x + c, count) * inverse, count);
        }
    }
}

static void sigmoid_mean(long rows, long channels, const float *x, long x_stride, float *mean) {
    const vector last = lanes_below(channels - (channels - 1) / LANES * LANES);
    for (long row = 0; row < rows; row++, x += x_stride) {
        vector total = (vector)0.0f;
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector s = sigmoid(load_part(x + c, count));
            total += count <= LANES ? s * last : s;
        }
        mean[row] = sum(total) / (float)channels;
    }
}

static void standardise_rows(long rows, long channels, const float *gain, float *x, long x_stride) {
    const vector last = lanes_below(channels - (channels - 1) / LANES * LANES);
    for (long row = 0; row < rows; row++, x += x_stride) {
        vector total = (vector)0.0f;
        for (long c = 0; c < channels; c += LANES) total += load_part(x + c, channels - c);
        const float mean = sum(total) / (float)channels;
        total = (vector)0.0f;
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector d = load_part(x + c, count) - mean;
            total += count <= LANES ? d * d * last : d * d;
            store_part(x + c, d, count);
        }
        const float scale = gain[row] / __builtin_sqrtf(sum(total) / (float)(channels - 1));
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(x + c, load_part(x + c, count) * scale, count);
        }
    }
}

/// A bijection of words in which every bit of the result depends on every bit of the argument.
INLINE words mixed(words x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

/// The same for 64 bits: splitmix64's finaliser.
INLINE uint64_t mixed_key(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void add_noise(const kernel_noise *op) {
    for (long row = 0; row < op->rows; row++) {
        const uint64_t key = mixed_key(op->key + (op->first + (uint64_t)row + 1) * 0x9e3779b97f4a7c15u);
        float *x = op->x + row * op->x_stride;
        for (long c = 0; c < op->channels; c += LANES) {
            const long count = op->channels - c;
            words name = (words)0u;
            for (long i = 0; i < LANES && i < count; i++) name[i] = op->channel[c + i];
            const words a = mixed(mixed(name * 0x9e3779b9u + (uint32_t)key) + (uint32_t)(key >> 32));
            const words b = mixed(a + 0x85ebca6bu);
            // Box–Muller, one of its two values: 24 bits each, the first in (0, 1], the second in [0, 1).
            const vector radius = __builtin_convertvector((integers)(a >> 8), vector) * 0x1p-24f + 0x1p-24f;
            const vector turns = __builtin_convertvector((integers)(b >> 8), vector) * 0x1p-24f;
            const vector square = __builtin_elementwise_max(logarithm(radius) * -2.0f, (vector)0.0f);
            vector epsilon = cosine_of_turns(turns);
            for (int i = 0; i < LANES; i++) epsilon[i] *= __builtin_sqrtf(square[i]);
            store_part(x + c, load_part(x + c, count) + epsilon * op->deviation[row], count);
        }
    }
}

static void tanh_relu_rows(long rows, long tanhs, long channels, float *x, long x_stride) {
    for (long row = 0; row < rows; row++, x += x_stride) {
        for (long c = 0; c < tanhs; c += LANES) {
            const long count = tanhs - c;
            store_part(x + c, hyperbolic_tangent(load_part(x + c, count)), count);
        }
        for (long c = tanhs; c < channels; c += LANES) {
            const long count = channels - c;
            store_part(x + c, __builtin_elementwise_max(load_part(x + c, count), (vector)0.0f), count);
        }
    }
}

static void couple_rows(const kernel_coupling *op) {
    for (long row = 0; row < op->rows; row++) {
        float *x = op->x + row * op->x_stride;
        const float *scale = op->scale + row * op->stride, *shift = op->shift + row * op->stride;
        for (long c = 0; c < op->channels; c += LANES) {
            const long count = op->channels - c;
            const vector v = load_part(x + c, count) * load_part(op->factor + c, count)
                             + load_part(op->offset + c, count);
            const vector changed = v * exponential(load_part(scale + c, count)) + load_part(shift + c, count);
            const vector keep = load_part(op->keep + c, count);
            store_part(x + c, keep * v + (1.0f - keep) * changed, count);
        }
    }
}

static void sigmoid_rows(
    long rows, long channels, const float *factor, const float *offset, float gain, float base, float *x,
    long x_stride) {
    for (long row = 0; row < rows; row++, x += x_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector v =
                load_part(x + c, count) * load_part(factor + c, count) + load_part(offset + c, count);
            store_part(x + c, sigmoid(v) * gain + base, count);
        }
    }
}

static void sigmoid_gate(
    long rows, long channels, const float *p, long p_stride, const float *z, long z_stride, const float *x,
    long x_stride, float *y, long y_stride) {
    for (long row = 0; row < rows; row++, p += p_stride, z += z_stride, x += x_stride, y += y_stride) {
        for (long c = 0; c < channels; c += LANES) {
            const long count = channels - c;
            const vector gated = load_part(p + c, count) * sigmoid(load_part(z + c, count));
            store_part(y + c, gated + load_part(x + c, count), count);
        }
    }
}

#define BRANCH \
    { \
        .relu_rows = relu_rows, .softmax_rows = softmax_rows, .sigmoid_mean = sigmoid_mean, \
        .standardise_rows = standardise_rows, .add_noise = add_noise, .tanh_relu_rows = tanh_relu_rows, \
        .couple_rows = couple_rows, .sigmoid_rows = sigmoid_rows, .sigmoid_gate = sigmoid_gate \
    }
