#ifndef CKERNELS_KERNEL_MEMORY_H
#define CKERNELS_KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/// The memory of kernels and arenas. All of it comes through these functions, so that a test can let it run out.

/// Uninitialised, aligned for any type; NULL when there is none.
void *kernel_allocate(size_t bytes);
/// 64-byte aligned; `bytes` is a multiple of 64.
void *kernel_allocate_lines(size_t bytes);
/// For both; NULL is nothing.
void kernel_free(void *block);

/// Pages of their own, zero at first, taken from the system as they are touched; NULL when there are none.
void *kernel_map(size_t bytes);
void kernel_unmap(void *pages, size_t bytes);

/// For tests: the `nth` allocation from now on fails, counted from 1, and those behind it where `all` says so; with 0 none
/// does.
void kernel_fail_allocation(long nth, bool all);
/// For tests: whether one has failed since.
bool kernel_has_failed_allocation(void);
/// For tests: blocks and mappings that were not given back.
long kernel_live_allocations(void);

#endif
