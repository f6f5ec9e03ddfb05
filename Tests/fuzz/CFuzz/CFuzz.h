// Support for the fuzzing targets: the peak of the heap during a call, and mutations that keep a PNG's checksums right.
#ifndef CFuzz_H
#define CFuzz_H

#include <stddef.h>
#include <stdint.h>

// From here on until fuzz_heap_peak, the heap's growth is followed (AddressSanitizer's hooks; this thread's calls).
void fuzz_heap_start(void);
// The largest number of bytes that were held at once since then, above what was held at the start.
size_t fuzz_heap_peak(void);

#endif
