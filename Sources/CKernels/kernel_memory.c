#define _GNU_SOURCE
#include "include/kernel_memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_long live;
/// Allocations until the one that fails; at most 0: none does.
static atomic_long left;
static atomic_bool fails_on, has_failed;

static bool fails(void) {
    if (atomic_load_explicit(&left, memory_order_relaxed) <= 0) return false;
    const long before = atomic_fetch_sub(&left, 1);
    if (before != 1) return false;
    // The next one is again the last before a failure.
    if (atomic_load(&fails_on)) atomic_store(&left, 1);
    atomic_store(&has_failed, true);
    return true;
}

static void *counted(void *block) {
    if (block) atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return block;
}

void *kernel_allocate(size_t bytes) { return fails() ? NULL : counted(malloc(bytes)); }

void *kernel_allocate_lines(size_t bytes) { return fails() ? NULL : counted(aligned_alloc(64, bytes)); }

void kernel_free(void *block) {
    if (!block) return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(block);
}

void *kernel_map(size_t bytes) {
    if (fails()) return NULL;
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return counted(pages == MAP_FAILED ? NULL : pages);
}

void kernel_unmap(void *pages, size_t bytes) {
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    munmap(pages, bytes);
}

void kernel_fail_allocation(long nth, bool all) {
    atomic_store(&fails_on, all);
    atomic_store(&has_failed, false);
    atomic_store(&left, nth);
}

bool kernel_has_failed_allocation(void) { return atomic_load(&has_failed); }

long kernel_live_allocations(void) { return atomic_load(&live); }
