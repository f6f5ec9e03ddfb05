// Multiply-adds on registers alone: what the cores could do if nothing else were in the way.

/// Sums of products that stay in registers; each round is 16 · LANES multiply-adds. The result keeps the compiler honest.
static float multiply_add_rounds(long rounds) {
    vector sums[16];
    // Neither the factors nor the sums are known to the compiler.
    volatile float seed = 0.5f;
    const vector a = (vector)(float)seed, b = (vector)(float)seed;
    UNROLL for (int i = 0; i < 16; i++) sums[i] = (vector)(float)seed;
    for (long round = 0; round < rounds; round++) {
        UNROLL for (int i = 0; i < 16; i++) sums[i] = sums[i] * a + b;
    }
    vector total = sums[0];
    UNROLL for (int i = 1; i < 16; i++) total += sums[i];
    return sum(total);
}

static long multiply_adds_per_round(void) { return 16 * LANES; }
