#ifndef CKERNELS_CONVOLUTION3_H
#define CKERNELS_CONVOLUTION3_H

// The two 3×3 convolutions that have RGB on one side, as matrix products with these before or after them.

/// Row y of a (height, width, 3) image as (width, 27) patches with that stride, zero outside the image; the value of
/// channel c at tap (dy, dx) stands at 3·(3·dy + dx) + c.
void kernel_gather3(const float *image, long height, long width, long y, float *patches, long stride);

/// Row y of the (height, width, 3) result of a 3×3 convolution to three channels, from `taps` (height, width, 27), pixels
/// `stride` apart: what each pixel gives to the result at each of the nine places, same order as above.
void kernel_scatter3(
    const float *taps, long stride, long height, long width, long y, const float bias[3], float *image);

#endif
