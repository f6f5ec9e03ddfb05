// Vectors of LANES floats; included once per instruction set, see variant_*.c. MASKS: loads and stores of a part of a
// vector are instructions (AVX-512).

typedef float vector __attribute__((ext_vector_type(LANES)));
typedef float unaligned_vector __attribute__((ext_vector_type(LANES), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
/// Of functions that one kernel set replaces.
#define UNUSED __attribute__((unused))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vector load(const float *p) { return *(const unaligned_vector *)p; }

INLINE void store(float *p, vector v) { *(unaligned_vector *)p = v; }

#ifdef MASKS
INLINE __mmask16 first_lanes(long count) { return (__mmask16)((1u << count) - 1); }
#endif

/// The first `count` floats, zeros after them.
INLINE vector load_part(const float *p, long count) {
    if (count >= LANES) return load(p);
#ifdef MASKS
    return (vector)_mm512_maskz_loadu_ps(first_lanes(count), p);
#else
    float lanes[LANES] = {0};
    __builtin_memcpy(lanes, p, (unsigned long)count * sizeof(float));
    return load(lanes);
#endif
}

INLINE void store_part(float *p, vector v, long count) {
    if (count >= LANES) {
        store(p, v);
        return;
    }
#ifdef MASKS
    _mm512_mask_storeu_ps(p, first_lanes(count), (__m512)v);
#else
    float lanes[LANES];
    store(lanes, v);
    __builtin_memcpy(p, lanes, (unsigned long)count * sizeof(float));
#endif
}

/// The sum of all lanes, in a fixed order.
INLINE float sum(vector v) {
    float lanes[LANES];
    store(lanes, v);
    UNROLL for (int width = LANES / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

/// The sums of all lanes of LANES vectors, each in the order in which ``sum`` adds; lane i is vector i's. Changes `v`.
///
/// Two vectors of groups become one of groups half as wide: what stands in the halves of a group is added.
INLINE vector sums_of(vector v[LANES]) {
#define ADD_HALVES(count, low, high) \
    UNROLL for (int i = 0; i < count; i++) { \
        v[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], low) + __builtin_shufflevector(v[2 * i], v[2 * i + 1], high); \
    }
#define ORDER(...) __VA_ARGS__
#if LANES == 16
    ADD_HALVES(8, ORDER(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), ORDER(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
    ADD_HALVES(4, ORDER(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27), ORDER(4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
    ADD_HALVES(2, ORDER(0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29), ORDER(2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
    ADD_HALVES(1, ORDER(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), ORDER(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))
#elif LANES == 8
    ADD_HALVES(4, ORDER(0, 1, 2, 3, 8, 9, 10, 11), ORDER(4, 5, 6, 7, 12, 13, 14, 15))
    ADD_HALVES(2, ORDER(0, 1, 4, 5, 8, 9, 12, 13), ORDER(2, 3, 6, 7, 10, 11, 14, 15))
    ADD_HALVES(1, ORDER(0, 2, 4, 6, 8, 10, 12, 14), ORDER(1, 3, 5, 7, 9, 11, 13, 15))
#elif LANES == 4
    ADD_HALVES(2, ORDER(0, 1, 4, 5), ORDER(2, 3, 6, 7))
    ADD_HALVES(1, ORDER(0, 2, 4, 6), ORDER(1, 3, 5, 7))
#endif
    return v[0];
}
#undef ADD_HALVES
#undef ORDER

/// GELU(x) = x·½·(1 + erf(x/√2)) = h + |h|·erf(√2·|h|) with h = x/2. erf as |h|·P(h²)/Q(h²) up to √2·|h| = 3.93 and 1 beyond;
/// the coefficients come from a weighted least-squares fit in √2·|h| whose error is 2e-8, so that float rounding (4e-7) is what
/// remains.
INLINE vector gelu(vector x) {
    const double root = 1.41421356237309505;
    const vector half = x * 0.5f, magnitude = __builtin_elementwise_abs(half);
    const vector h = __builtin_elementwise_min(magnitude, (vector)(float)(3.93 / root)), y = h * h;
    vector p = (vector)(float)(2.041987863159654e-06 * 32 * root);
    p = p * y + (float)(0.00028480760450601066 * 16 * root);
    p = p * y + (float)(0.0037795451889272393 * 8 * root);
    p = p * y + (float)(0.05279008742097837 * 4 * root);
    p = p * y + (float)(0.1907822742521948 * 2 * root);
    p = p * y + (float)(1.1283791453826748 * root);
    vector q = (vector)(float)(3.800420144063242e-05 * 32);
    q = q * y + (float)(0.0011651980748562417 * 16);
    q = q * y + (float)(0.01499730788376232 * 8);
    q = q * y + (float)(0.11425688562459813 * 4);
    q = q * y + (float)(0.5024091081707551 * 2);
    q = q * y + 1.0f;
    return half + magnitude * __builtin_elementwise_min(h * p / q, (vector)1.0f);
}
