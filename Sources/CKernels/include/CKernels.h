/// The C kernels of the network: one header per topic.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "convolution3.h"
#include "kernel_branch.h"
#include "kernel_set.h"
#include "kernel_memory.h"
#include "relax.h"
#include "scratch.h"
#include "sliding.h"
#include "triad.h"

#endif
