// The body of one kernel set: LANES, ROWS, SET and NAME are defined by the including file.

#include <stdlib.h>

#include "fft_plan.h"
#include "include/kernel_set.h"
#include "include/kernel_memory.h"

#include "simd.inc.h"

#include "branch.inc.h"
#include "fourier.inc.h"
#include "layers.inc.h"
#include "matmul.inc.h"
#include "peak.inc.h"
#ifdef BF16
#include "matmul_bf16.inc.h"
#endif

static const kernel_set set = {
    .name = NAME,
    .packed_bias = packed_bias,
#ifdef BF16
    .packed_weights = packed_weights_bf16,
    .pack = pack_bf16,
    .scale_weights = NULL,
    .matmul = matmul_bf16,
#else
    .packed_weights = packed_weights,
    .pack = pack,
    .scale_weights = scale_weights,
    .matmul = matmul,
#endif
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
