#ifndef CKERNELS_RELAX_H
#define CKERNELS_RELAX_H

/// Tells the core that the caller is spinning, so that it spends less power and leaves more to its neighbours.
static inline void kernel_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#endif
