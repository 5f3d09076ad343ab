/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the POWER files of the runtime only. */
#ifndef POWER_H
#define POWER_H

#include "runtime.h"

void install_vectors(void);
void read_device_tree(const void *blob);

#endif
