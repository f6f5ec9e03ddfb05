/// The C kernels of the network: one header per topic.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "relax.h"

#endif
