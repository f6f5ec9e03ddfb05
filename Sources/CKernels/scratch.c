#include "include/scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "include/kernel_memory.h"

// How often, and how many milliseconds apart, a thread asks for its scratch before it gives up: a kernel that is in the
// middle of its work has no way back, and memory that is short now may be there soon.
enum { ATTEMPTS = 100, PAUSE_MILLISECONDS = 50 };

typedef struct {
    float *floats;
    size_t capacity;
} block;

/// The caller's and the kernels' own.
static _Thread_local block blocks[2];
static pthread_key_t keys[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_keys(void) {
    // The keys exist for their destructor alone: it frees a block when its thread ends.
    for (int i = 0; i < 2; i++) pthread_key_create(&keys[i], kernel_free);
}

static float *grown(int index, size_t floats) {
    block *mine = &blocks[index];
    if (floats <= mine->capacity) return mine->floats;
    pthread_once(&once, make_keys);
    kernel_free(mine->floats);
    mine->floats = NULL;
    mine->capacity = 0;
    pthread_setspecific(keys[index], NULL);
    // Multiples of 64 KiB, so that a slightly larger tile does not move the block again.
    const size_t bytes = (floats * sizeof(float) + 0xFFFF) & ~(size_t)0xFFFF;
    for (int i = 0; i < ATTEMPTS && !mine->floats; i++) {
        if (i > 0) nanosleep(&(struct timespec){.tv_nsec = PAUSE_MILLISECONDS * 1000000L}, NULL);
        mine->floats = kernel_allocate_lines(bytes);
    }
    if (!mine->floats) {
        fprintf(stderr, "deblur: no memory for %zu bytes of kernel scratch\n", bytes);
        abort();
    }
    mine->capacity = bytes / sizeof(float);
    pthread_setspecific(keys[index], mine->floats);
    return mine->floats;
}

float *kernel_scratch(size_t floats) { return grown(0, floats); }

float *kernel_side_scratch(size_t floats) { return grown(1, floats); }

size_t kernel_scratch_capacity(void) { return blocks[0].capacity + blocks[1].capacity; }

void kernel_bound_allocator(int large, int arenas) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, 4 * large);
    mallopt(M_ARENA_MAX, arenas);
#else
    (void)large, (void)arenas;
#endif
}
