/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the files of the runtime only; guests include guest.h. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "guest.h"

void install_vectors(void);
void read_device_tree(const void *blob);
int main(void);

#endif
