#ifndef CKERNELS_SCRATCH_H
#define CKERNELS_SCRATCH_H

#include <stddef.h>

/// Working memory of the calling thread: at least that many floats, 64-byte aligned, contents undefined.
///
/// One block per thread, grown when a caller wants more than any before and freed when the thread ends; every call
/// returns the same block, so a kernel asks once and divides what it got. After the first tile no call allocates.
/// Where there is no memory it waits for some; the process ends when none comes within five seconds.
float *kernel_scratch(size_t floats);

/// A second such block, for what a kernel keeps to itself while its caller uses the first.
float *kernel_side_scratch(size_t floats);

/// Floats that the calling thread's block holds now.
size_t kernel_scratch_capacity(void);

/// Lets freed blocks from `large` bytes on, and spare memory beyond four times that, go back to the system at once, and
/// bounds the arenas of the allocator. Where the C library knows no such settings: nothing.
void kernel_bound_allocator(int large, int arenas);

#endif
