#define _GNU_SOURCE  // CLOCK_THREAD_CPUTIME_ID
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "internal.h"

struct image_watch {
    atomic_int cancelled;
    // Nanoseconds of processor time: what the file may take, and what finished calls have taken.
    int64_t budget;
    atomic_llong spent;
};

image_watch *image_watch_new(double seconds) {
    image_watch *watch = malloc(sizeof *watch);
    if (!watch) return NULL;
    atomic_init(&watch->cancelled, 0);
    atomic_init(&watch->spent, 0);
    watch->budget = (int64_t)(seconds * 1e9);
    return watch;
}

void image_watch_cancel(image_watch *watch) { atomic_store_explicit(&watch->cancelled, 1, memory_order_relaxed); }

void image_watch_free(image_watch *watch) { free(watch); }

static int64_t thread_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

image_turn image_turn_begin(image_watch *watch) { return (image_turn){watch, watch ? thread_time() : 0}; }

image_status image_turn_status(const image_turn *turn) {
    if (!turn->watch) return IMAGE_OK;
    if (atomic_load_explicit(&turn->watch->cancelled, memory_order_relaxed)) return IMAGE_CANCELLED;
    int64_t spent = atomic_load_explicit(&turn->watch->spent, memory_order_relaxed) + thread_time() - turn->start;
    return spent > turn->watch->budget ? IMAGE_TOO_COSTLY : IMAGE_OK;
}

void image_turn_end(const image_turn *turn) {
    if (turn->watch) atomic_fetch_add_explicit(&turn->watch->spent, thread_time() - turn->start, memory_order_relaxed);
}
