// The body of one kernel set: LANES, ROWS, SET and NAME are defined by the including file.

#include <stdlib.h>

#include "fft_plan.h"
#include "include/kernel_set.h"

#include "simd.inc.h"

#include "branch.inc.h"
#include "fourier.inc.h"
#include "layers.inc.h"
#include "matmul.inc.h"

static const kernel_set set = {
    .name = NAME,
    .packed_weights = packed_weights,
    .packed_bias = packed_bias,
    .pack = pack,
    .matmul = matmul,
    .layer_norm = layer_norm,
    .depthwise_gate = depthwise_gate,
    .scale_rows = scale_rows,
    .add_rows = add_rows,
    .combine_rows = combine_rows,
    .fourier_make = fourier_make,
    .fourier_free = fourier_free,
    .fourier_scratch = fourier_scratch,
    .fourier_row = fourier_row,
    .fourier_column = fourier_column,
    .inverse_column = inverse_column,
    .inverse_row = inverse_row,
    .branch = BRANCH,
};
