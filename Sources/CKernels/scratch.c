#include "include/scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local float *block;
static _Thread_local size_t capacity;

static void make_key(void) {
    // The key exists for its destructor alone: it frees the block when the thread ends.
    pthread_key_create(&key, free);
}

float *kernel_scratch(size_t floats) {
    if (floats <= capacity) return block;
    pthread_once(&once, make_key);
    free(block);
    // Multiples of 64 KiB, so that a slightly larger tile does not move the block again.
    size_t bytes = (floats * sizeof(float) + 0xFFFF) & ~(size_t)0xFFFF;
    block = aligned_alloc(64, bytes);
    if (!block) {
        fprintf(stderr, "deblur: no memory for %zu bytes of kernel scratch\n", bytes);
        abort();
    }
    capacity = bytes / sizeof(float);
    pthread_setspecific(key, block);
    return block;
}

size_t kernel_scratch_capacity(void) { return capacity; }
