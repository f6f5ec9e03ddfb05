// Elementary functions on vectors; included after simd.inc.h.

typedef int integers __attribute__((ext_vector_type(LANES)));
typedef unsigned int words __attribute__((ext_vector_type(LANES)));

INLINE vector as_vector(integers v) { return (vector)v; }
INLINE integers as_integers(vector v) { return (integers)v; }
INLINE vector choose(integers condition, vector yes, vector no) {
    return as_vector((condition & as_integers(yes)) | (~condition & as_integers(no)));
}
INLINE vector absolute(vector v) { return as_vector(as_integers(v) & 0x7FFFFFFF); }

/// eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2 and eʳ as its Taylor polynomial (the rest is 5e-9); results below 2^−125 are raised to
/// about that, those above 2^127 lowered.
INLINE vector exponential(vector x) {
    x = __builtin_elementwise_min(__builtin_elementwise_max(x, (vector)-86.6f), (vector)88.02f);
    // Adding 1.5·2²³ rounds to an integer, which then stands in the low bits.
    const vector shifted = x * 1.44269504088896341f + 12582912.0f, n = shifted - 12582912.0f;
    // ln 2 in two parts: the first has few bits, so that n times it is exact.
    const vector r = (x - n * 0.693359375f) + n * 2.12194440054690583e-4f;
    vector p = (vector)1.98412698412698413e-4f;
    p = p * r + 1.38888888888888889e-3f;
    p = p * r + 8.33333333333333333e-3f;
    p = p * r + 4.16666666666666667e-2f;
    p = p * r + 1.66666666666666667e-1f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    return as_vector(as_integers(p) + (as_integers(shifted) << 23));
}

INLINE vector sigmoid(vector x) { return 1.0f / (1.0f + exponential(-x)); }

/// Near 0 an odd polynomial (weighted least squares, 5e-9), where 1 − e^−2x would cancel; beyond, by the exponential.
INLINE vector hyperbolic_tangent(vector x) {
    const vector y = x * x;
    vector p = (vector)-0.0057309820373949456f;
    p = p * y + 0.020664543418771122f;
    p = p * y - 0.053748390218459535f;
    p = p * y + 0.13331560564233338f;
    p = p * y - 0.3333328711442559f;
    const vector small = p * y * x + x;
    const vector magnitude = absolute(x), e = exponential(magnitude * -2.0f);
    const vector large = (1.0f - e) / (1.0f + e);
    const vector signed_large = as_vector(as_integers(large) | (as_integers(x) & (int)0x80000000));
    return choose(magnitude < 0.625f, small, signed_large);
}

/// ln x of normal positive floats: exponent, and a polynomial (weighted least squares, 6e-9) on √½ ≤ m < √2.
INLINE vector logarithm(vector x) {
    // Taking the bits of √½ off first makes the exponent that of the interval wanted.
    const integers bits = as_integers(x) - 0x3F3504F3, exponent = bits >> 23;
    const vector f = as_vector((bits & 0x007FFFFF) + 0x3F3504F3) - 1.0f;
    const vector n = __builtin_convertvector(exponent, vector);
    vector p = (vector)-0.07660941260180239f;
    p = p * f + 0.12786499919675048f;
    p = p * f - 0.13161639210363948f;
    p = p * f + 0.1419785563731373f;
    p = p * f - 0.16622747177413805f;
    p = p * f + 0.20001413109950023f;
    p = p * f - 0.2500084636826467f;
    p = p * f + 0.3333332902271045f;
    return p * f * f * f + (n * -2.12194440054690583e-4f - f * f * 0.5f) + f + n * 0.693359375f;
}

/// cos(2π·turns) for 0 ≤ turns < 1, absolutely within 2e-7: folded to a sine on a quarter turn to either side.
INLINE vector cosine_of_turns(vector turns) {
    const vector angle = (absolute(turns - 0.5f) - 0.25f) * 6.28318530717958648f, y = angle * angle;
    vector p = (vector)-2.50521083854417188e-8f;
    p = p * y + 2.75573192239858907e-6f;
    p = p * y - 1.98412698412698413e-4f;
    p = p * y + 8.33333333333333333e-3f;
    p = p * y - 1.66666666666666667e-1f;
    return p * y * angle + angle;
}
