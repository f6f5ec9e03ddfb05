// Vectors of LANES floats; included once per instruction set, see variant_*.c.

typedef float vector __attribute__((ext_vector_type(LANES)));
typedef float unaligned_vector __attribute__((ext_vector_type(LANES), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
/// Of functions that one kernel set replaces.
#define UNUSED __attribute__((unused))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vector load(const float *p) { return *(const unaligned_vector *)p; }

INLINE void store(float *p, vector v) { *(unaligned_vector *)p = v; }

/// The first `count` floats, zeros after them.
INLINE vector load_part(const float *p, long count) {
    if (count >= LANES) return load(p);
    float lanes[LANES] = {0};
    __builtin_memcpy(lanes, p, (unsigned long)count * sizeof(float));
    return load(lanes);
}

INLINE void store_part(float *p, vector v, long count) {
    if (count >= LANES) {
        store(p, v);
        return;
    }
    float lanes[LANES];
    store(lanes, v);
    __builtin_memcpy(p, lanes, (unsigned long)count * sizeof(float));
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

/// GELU(x) = x·½·(1 + erf(x/√2)). erf as x·P(x²)/Q(x²) on |x| ≤ 3.93 and ±1 beyond; the coefficients come from a
/// weighted least-squares fit whose error is 2e-8, so that float rounding (4e-7) is what remains.
INLINE vector gelu(vector x) {
    vector t = x * 0.70710678118654752f;
    t = __builtin_elementwise_min(__builtin_elementwise_max(t, (vector)-3.93f), (vector)3.93f);
    const vector y = t * t;
    vector p = (vector)2.041987863159654e-06f;
    p = p * y + 0.00028480760450601066f;
    p = p * y + 0.0037795451889272393f;
    p = p * y + 0.05279008742097837f;
    p = p * y + 0.1907822742521948f;
    p = p * y + 1.1283791453826748f;
    vector q = (vector)3.800420144063242e-05f;
    q = q * y + 0.0011651980748562417f;
    q = q * y + 0.01499730788376232f;
    q = q * y + 0.11425688562459813f;
    q = q * y + 0.5024091081707551f;
    q = q * y + 1.0f;
    vector erf = t * p / q;
    erf = __builtin_elementwise_min(__builtin_elementwise_max(erf, (vector)-1.0f), (vector)1.0f);
    const vector half = x * 0.5f;
    return half * erf + half;
}
