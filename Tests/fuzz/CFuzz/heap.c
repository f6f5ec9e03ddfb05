#include "CFuzz.h"

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static int installed, following;
static int64_t held, peak;

static void on_malloc(const volatile void *p, size_t size) {
    (void)p;
    if (!following) return;
    held += (int64_t)size;
    if (held > peak) peak = held;
}

static void on_free(const volatile void *p) {
    if (following && p) held -= (int64_t)__sanitizer_get_allocated_size(p);
}

void fuzz_heap_start(void) {
    if (!installed) installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    held = peak = 0;
    following = 1;
}

size_t fuzz_heap_peak(void) {
    following = 0;
    return (size_t)peak;
}
