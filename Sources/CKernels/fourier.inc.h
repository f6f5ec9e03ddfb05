// The Fourier transform of feature maps. The lanes of a register are channels, so every butterfly is plain vector
// arithmetic: no shuffles, no special cases inside. Stockham's autosort form (decimation in frequency): each pass reads
// one array and writes the other in the order that the next one wants, and no bit reversal is left over.

/// A strided run of complex vectors: element e has its real part at re + e·stride.
typedef struct {
    const float *re, *im;
    long stride;
} fft_input;

typedef struct {
    float *re, *im;
    long stride;
} fft_output;

INLINE void butterfly3(vector *re, vector *im) {
    const float root = 0.86602540378443864676f;
    const vector sr = re[1] + re[2], si = im[1] + im[2];
    const vector dr = (re[1] - re[2]) * root, di = (im[1] - im[2]) * root;
    const vector tr = re[0] - sr * 0.5f, ti = im[0] - si * 0.5f;
    re[0] += sr, im[0] += si;
    re[1] = tr + di, im[1] = ti - dr;
    re[2] = tr - di, im[2] = ti + dr;
}

INLINE void butterfly4(vector *re, vector *im) {
    const vector ar = re[0] + re[2], ai = im[0] + im[2], br = re[0] - re[2], bi = im[0] - im[2];
    const vector cr = re[1] + re[3], ci = im[1] + im[3], dr = re[1] - re[3], di = im[1] - im[3];
    re[0] = ar + cr, im[0] = ai + ci;
    re[1] = br + di, im[1] = bi - dr;
    re[2] = ar - cr, im[2] = ai - ci;
    re[3] = br - di, im[3] = bi + dr;
}

/// The transform of `radix` vectors in place.
INLINE void butterfly(const int radix, vector *re, vector *im) {
    if (radix == 8) {
        // Two transforms of four, of the even and of the odd vectors, then one step of radix 2.
        const float half_root = 0.70710678118654752440f;
        vector er[4], ei[4], or[4], oi[4];
        UNROLL for (int j = 0; j < 4; j++) {
            er[j] = re[2 * j], ei[j] = im[2 * j];
            or[j] = re[2 * j + 1], oi[j] = im[2 * j + 1];
        }
        butterfly4(er, ei);
        butterfly4(or, oi);
        const vector sr = or[1] + oi[1], si = oi[1] - or[1], tr = oi[3] - or[3], ti = or[3] + oi[3];
        re[0] = er[0] + or[0], im[0] = ei[0] + oi[0];
        re[4] = er[0] - or[0], im[4] = ei[0] - oi[0];
        re[1] = er[1] + sr * half_root, im[1] = ei[1] + si * half_root;
        re[5] = er[1] - sr * half_root, im[5] = ei[1] - si * half_root;
        re[2] = er[2] + oi[2], im[2] = ei[2] - or[2];
        re[6] = er[2] - oi[2], im[6] = ei[2] + or[2];
        re[3] = er[3] + tr * half_root, im[3] = ei[3] - ti * half_root;
        re[7] = er[3] - tr * half_root, im[7] = ei[3] + ti * half_root;
    } else if (radix == 6) {
        // Good and Thomas: 2 and 3 have no factor in common, so that no factors stand between the two steps.
        vector ar[3] = {re[0], re[2], re[4]}, ai[3] = {im[0], im[2], im[4]};
        vector br[3] = {re[3], re[5], re[1]}, bi[3] = {im[3], im[5], im[1]};
        butterfly3(ar, ai);
        butterfly3(br, bi);
        UNROLL for (int k = 0; k < 3; k++) {
            const int even = 4 * k % 6, odd = (4 * k + 3) % 6;
            re[even] = ar[k] + br[k], im[even] = ai[k] + bi[k];
            re[odd] = ar[k] - br[k], im[odd] = ai[k] - bi[k];
        }
    } else if (radix == 2) {
        const vector r = re[1], i = im[1];
        re[1] = re[0] - r, im[1] = im[0] - i;
        re[0] += r, im[0] += i;
    } else if (radix == 3) {
        butterfly3(re, im);
    } else if (radix == 4) {
        butterfly4(re, im);
    } else if (radix == 5) {
        const float c1 = 0.30901699437494742410f, c2 = -0.80901699437494742410f;
        const float s1 = 0.95105651629515357212f, s2 = 0.58778525229247312917f;
        const vector ar = re[1] + re[4], ai = im[1] + im[4], br = re[1] - re[4], bi = im[1] - im[4];
        const vector cr = re[2] + re[3], ci = im[2] + im[3], dr = re[2] - re[3], di = im[2] - im[3];
        const vector tr = re[0] + ar * c1 + cr * c2, ti = im[0] + ai * c1 + ci * c2;
        const vector ur = re[0] + ar * c2 + cr * c1, ui = im[0] + ai * c2 + ci * c1;
        const vector vr = br * s1 + dr * s2, vi = bi * s1 + di * s2;
        const vector wr = br * s2 - dr * s1, wi = bi * s2 - di * s1;
        re[0] += ar + cr, im[0] += ai + ci;
        re[1] = tr + vi, im[1] = ti - vr;
        re[4] = tr - vi, im[4] = ti + vr;
        re[2] = ur + wi, im[2] = ui - wr;
        re[3] = ur - wi, im[3] = ui + wr;
    }
}

/// y[q + s·(r·p + k)] = w^(p·k) · Σ_j x[q + s·(p + m·j)] · e^(−2πi·j·k/r), for p < m and q < s, where w = e^(−2πi/(r·m)).
/// With `grouped` (s = 1) the result k of p stands at m·k + p instead: r transforms of length m are left over, one behind
/// the other.
INLINE void pass(
    const int radix, const int turned, const int grouped, long m, long s, fft_input x, fft_output y,
    const float *twiddles) {
    for (long p = 0; p < m; p++, twiddles += 2 * (radix - 1)) {
        for (long q = 0; q < s; q++) {
            vector re[8], im[8];
            UNROLL for (int j = 0; j < radix; j++) {
                const long at = (q + s * (p + m * j)) * x.stride;
                re[j] = load(x.re + at);
                im[j] = load(x.im + at);
            }
            butterfly(radix, re, im);
            UNROLL for (int k = 0; k < radix; k++) {
                const long at = (grouped ? m * k + p : q + s * (radix * p + k)) * y.stride;
                const int turns = turned && k;
                const float c = turns ? twiddles[2 * (k - 1)] : 1.0f, d = turns ? twiddles[2 * (k - 1) + 1] : 0.0f;
                store(y.re + at, turns ? re[k] * c - im[k] * d : re[k]);
                store(y.im + at, turns ? re[k] * d + im[k] * c : im[k]);
            }
        }
    }
}

/// One pass of a radix with code of its own.
#define RADIX(r)                                                                                        \
    static void radix##r(long m, long s, int grouped, fft_input x, fft_output y, const float *t) {     \
        if (grouped) {                                                                                   \
            pass(r, 1, 1, m, 1, x, y, t);                                                                \
        } else if (m == 1) {                                                                             \
            pass(r, 0, 0, 1, s, x, y, t); /* The last pass: every factor is 1. */                        \
        } else {                                                                                         \
            pass(r, 1, 0, m, s, x, y, t);                                                                \
        }                                                                                                \
    }
RADIX(2)
RADIX(3)
RADIX(4)
RADIX(5)
RADIX(6)
RADIX(8)

/// Any radix, by the definition; for the sides with a prime factor above 5.
static void radix_any(
    int radix, long m, long s, int grouped, fft_input x, fft_output y, const float *twiddles, const float *roots) {
    vector re[max_radix], im[max_radix];
    for (long p = 0; p < m; p++, twiddles += 2 * (radix - 1)) {
        for (long q = 0; q < s; q++) {
            for (int j = 0; j < radix; j++) {
                const long at = (q + s * (p + m * j)) * x.stride;
                re[j] = load(x.re + at);
                im[j] = load(x.im + at);
            }
            for (int k = 0; k < radix; k++) {
                vector sr = re[0], si = im[0];
                for (int j = 1; j < radix; j++) {
                    const int turn = j * k % radix;
                    const float c = roots[2 * turn], d = roots[2 * turn + 1];
                    sr += re[j] * c - im[j] * d;
                    si += re[j] * d + im[j] * c;
                }
                const float c = k ? twiddles[2 * (k - 1)] : 1.0f, d = k ? twiddles[2 * (k - 1) + 1] : 0.0f;
                const long at = (grouped ? m * k + p : q + s * (radix * p + k)) * y.stride;
                store(y.re + at, sr * c - si * d);
                store(y.im + at, sr * d + si * c);
            }
        }
    }
}

static void one_pass(
    const fft_plan *plan, int index, long m, long s, int grouped, fft_input x, fft_output y) {
    const float *t = plan->twiddles[index];
    switch (plan->radix[index]) {
    case 2: radix2(m, s, grouped, x, y, t); break;
    case 3: radix3(m, s, grouped, x, y, t); break;
    case 4: radix4(m, s, grouped, x, y, t); break;
    case 5: radix5(m, s, grouped, x, y, t); break;
    case 6: radix6(m, s, grouped, x, y, t); break;
    case 8: radix8(m, s, grouped, x, y, t); break;
    default: radix_any(plan->radix[index], m, s, grouped, x, y, t, plan->roots[index]); break;
    }
}

/// Two lines of so many complex vectors of 16 floats fit into 32 KiB.
enum { longest_near_line = 128 };

/// The passes from `first` on, of length n together. `work` holds two arrays of 2·LANES·n floats.
static void passes(const fft_plan *plan, int first, long n, fft_input x, fft_output y, float *work) {
    float *const buffers[2] = {work, work + 2 * LANES * n};
    long left = n, s = 1;
    for (int index = first; index < plan->passes; index++) {
        const int radix = plan->radix[index], last = index + 1 == plan->passes;
        float *next = buffers[index % 2];
        left /= radix;
        one_pass(plan, index, left, s, 0, x, last ? y : (fft_output){next, next + LANES, 2 * LANES});
        x = (fft_input){next, next + LANES, 2 * LANES};
        s *= radix;
    }
}

/// The transform of x into y, which may be the same memory when the plan has two passes or more. `work` holds two
/// arrays of 2·LANES·length floats. The inverse, unscaled, is the same with real and imaginary parts exchanged on both
/// sides.
///
/// A long line does not fit into the first cache. So the first pass, of radix r, leaves r shorter lines one behind the
/// other, and each goes through the other passes alone, in the first cache.
static void fft(const fft_plan *plan, fft_input x, fft_output y, float *work) {
    if (plan->passes == 0) {
        const vector re = load(x.re), im = load(x.im);
        store(y.re, re);
        store(y.im, im);
        return;
    }
    if (plan->passes == 1 || plan->length <= longest_near_line) {
        passes(plan, 0, plan->length, x, y, work);
        return;
    }
    const int radix = plan->radix[0];
    const long n = plan->length / radix;
    one_pass(plan, 0, n, 1, 1, x, (fft_output){work, work + LANES, 2 * LANES});
    for (int k = 0; k < radix; k++) {
        const float *line = work + 2 * LANES * n * k;
        passes(
            plan, 1, n, (fft_input){line, line + LANES, 2 * LANES},
            (fft_output){y.re + k * y.stride, y.im + k * y.stride, radix * y.stride}, work + 2 * LANES * plan->length);
    }
}

struct kernel_fourier {
    long height, width, channels;
    fft_plan along_x;  // complex, width / 2: even pixels are real parts, odd pixels imaginary parts
    fft_plan along_y;  // complex, height
    float *split;      // cos, sin of −2π·k/width, k = 0 … width/2
};

static void fourier_free(kernel_fourier *f) {
    if (!f) return;
    fft_plan_free(&f->along_x);
    fft_plan_free(&f->along_y);
    kernel_free(f->split);
    kernel_free(f);
}

/// Of the radices with code of their own: 8 wants the 32 registers that AVX-512 has.
enum { largest_radix = LANES == 16 ? 8 : 6 };

static kernel_fourier *fourier_make(long height, long width, long channels) {
    kernel_fourier *f = kernel_allocate(sizeof *f);
    if (!f) return NULL;
    *f = (kernel_fourier){.height = height, .width = width, .channels = channels};
    f->split = kernel_allocate(sizeof(float) * 2 * (size_t)(width / 2 + 1));
    if (!f->split || !fft_plan_make(&f->along_x, width / 2, largest_radix) || !fft_plan_make(&f->along_y, height, largest_radix)) {
        fourier_free(f);
        return NULL;
    }
    for (long k = 0; k <= width / 2; k++) {
        const double angle = -2.0 * 3.14159265358979323846 * (double)k / (double)width;
        f->split[2 * k] = (float)__builtin_cos(angle);
        f->split[2 * k + 1] = (float)__builtin_sin(angle);
    }
    return f;
}

static long fourier_scratch(const kernel_fourier *f) {
    // Two arrays for the passes and one that holds a line of complex vectors.
    const long longest = f->height > f->width ? f->height : f->width;
    return 3 * 2 * LANES * (longest + 1);
}

/// Floats from one column of a spectrum to the next: one bin more than it has, since columns that lie a multiple of a page
/// apart fall into the same few sets of the caches.
static long fourier_column_stride(const kernel_fourier *f) { return (f->height + 1) * 2 * f->channels; }

/// What the next row will touch in a column. Rows come one after the other, and no two bins of a row lie near each other:
/// the hardware cannot foresee them.
INLINE void prefetch_next_bin(const float *bin, long channels) {
    __builtin_prefetch(bin + 2 * channels);
    __builtin_prefetch(bin + 3 * channels);
}

INLINE void prefetch_next_bin_to_write(float *bin, long channels) {
    __builtin_prefetch(bin + 2 * channels, 1);
    __builtin_prefetch(bin + 3 * channels, 1);
}

static void fourier_row(
    const kernel_fourier *f, const float *row, long stride, long y, float *spectrum, float *scratch) {
    const long half = f->width / 2, channels = f->channels, column = fourier_column_stride(f);
    float *line = scratch, *work = scratch + 2 * LANES * (half + 1);
    for (long c = 0; c < channels; c += LANES) {
        const long count = channels - c < LANES ? channels - c : LANES;
        const fft_output z = {line, line + LANES, 2 * LANES};
        if (count == LANES) {
            fft(&f->along_x, (fft_input){row + c, row + stride + c, 2 * stride}, z, work);
        } else {
            // Channels that do not fill a register: gathered behind the two arrays of the passes.
            float *packed = work + 4 * LANES * half;
            for (long x = 0; x < f->width; x++) {
                store(packed + x * LANES, load_part(row + x * stride + c, count));
            }
            fft(&f->along_x, (fft_input){packed, packed + LANES, 2 * LANES}, z, work);
        }
        // X[k] = E + e^(−2πi·k/width)·O with E = (Z[k] + conj Z[−k])/2 and O = −i/2·(Z[k] − conj Z[−k]); and
        // X[half − k] = conj(E − e^(−2πi·k/width)·O).
        float *low = spectrum + y * 2 * channels + c, *high = low + half * column;
        for (long k = 0; k <= half / 2; k++, low += column, high -= column) {
            const float *a = line + 2 * LANES * k;
            const float *b = line + 2 * LANES * (k == 0 ? 0 : half - k);
            const vector ar = load(a), ai = load(a + LANES), br = load(b), bi = load(b + LANES);
            const vector er = (ar + br) * 0.5f, ei = (ai - bi) * 0.5f;
            const vector odd_r = (ai + bi) * 0.5f, odd_i = (br - ar) * 0.5f;
            const float cosine = f->split[2 * k], sine = f->split[2 * k + 1];
            const vector tr = odd_r * cosine - odd_i * sine, ti = odd_r * sine + odd_i * cosine;
            prefetch_next_bin_to_write(low, channels);
            prefetch_next_bin_to_write(high, channels);
            store_part(high, er - tr, count);
            store_part(high + channels, ti - ei, count);
            store_part(low, er + tr, count);
            store_part(low + channels, ei + ti, count);
        }
    }
}

static void inverse_row(
    const kernel_fourier *f, const float *spectrum, long y, float *row, long stride, float *scratch) {
    const long half = f->width / 2, channels = f->channels, column = fourier_column_stride(f);
    float *line = scratch, *work = scratch + 2 * LANES * (half + 1);
    for (long c = 0; c < channels; c += LANES) {
        const long count = channels - c < LANES ? channels - c : LANES;
        const float *in = spectrum + y * 2 * channels + c;
        // Z[k] = E + i·O with E = X[k] + conj X[−k] and O = e^(2πi·k/width)·(X[k] − conj X[−k]): twice the even and odd
        // parts; and Z[half − k] = conj(E − i·O).
        for (long k = 0; k <= half / 2; k++) {
            const float *a = in + k * column, *b = in + (half - k) * column;
            prefetch_next_bin(a, channels);
            prefetch_next_bin(b, channels);
            const vector ar = load_part(a, count), br = load_part(b, count);
            vector ai = load_part(a + channels, count), bi = load_part(b + channels, count);
            if (k == 0) ai = bi = (vector)0.0f;  // real by definition: the given imaginary parts do not count
            const vector er = ar + br, ei = ai - bi, dr = ar - br, di = ai + bi;
            const float cosine = f->split[2 * k], sine = -f->split[2 * k + 1];
            const vector odd_r = dr * cosine - di * sine, odd_i = dr * sine + di * cosine;
            // One behind the last where k = 0: the line has room for it.
            float *low = line + 2 * LANES * k, *high = line + 2 * LANES * (half - k);
            store(high, er + odd_i);
            store(high + LANES, odd_r - ei);
            store(low, er - odd_i);
            store(low + LANES, ei + odd_r);
        }
        const fft_input z = {line + LANES, line, 2 * LANES};
        if (count == LANES) {
            fft(&f->along_x, z, (fft_output){row + stride + c, row + c, 2 * stride}, work);
        } else {
            float *packed = work + 4 * LANES * half;
            fft(&f->along_x, z, (fft_output){packed + LANES, packed, 2 * LANES}, work);
            for (long x = 0; x < f->width; x++) {
                store_part(row + x * stride + c, load(packed + x * LANES), count);
            }
        }
    }
}

/// One direction along y; `swap` exchanges real and imaginary parts.
INLINE void along_y(
    const kernel_fourier *f, const float *from, long from_stride, float *to, long to_stride, const int swap,
    float *scratch) {
    const long channels = f->channels, first = swap ? channels : 0, second = swap ? 0 : channels;
    for (long c = 0; c < channels; c += LANES) {
        const long count = channels - c < LANES ? channels - c : LANES;
        if (count == LANES) {
            fft(&f->along_y, (fft_input){from + first + c, from + second + c, from_stride},
                (fft_output){to + first + c, to + second + c, to_stride}, scratch);
            continue;
        }
        float *line = scratch + 4 * LANES * f->height;
        for (long y = 0; y < f->height; y++) {
            store(line + 2 * LANES * y, load_part(from + y * from_stride + first + c, count));
            store(line + 2 * LANES * y + LANES, load_part(from + y * from_stride + second + c, count));
        }
        const fft_input x = {line, line + LANES, 2 * LANES};
        fft(&f->along_y, x, (fft_output){line, line + LANES, 2 * LANES}, scratch);
        for (long y = 0; y < f->height; y++) {
            store_part(to + y * to_stride + first + c, load(line + 2 * LANES * y), count);
            store_part(to + y * to_stride + second + c, load(line + 2 * LANES * y + LANES), count);
        }
    }
}

static void fourier_column(
    const kernel_fourier *f, const float *column, float *bins, long stride, float *scratch) {
    along_y(f, column, 2 * f->channels, bins, stride, 0, scratch);
}

static void inverse_column(
    const kernel_fourier *f, const float *bins, long stride, float *column, float *scratch) {
    along_y(f, bins, stride, column, 2 * f->channels, 1, scratch);
}
