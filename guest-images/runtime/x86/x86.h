/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the x86-64 files of the runtime only. */
#ifndef X86_H
#define X86_H

#include "runtime.h"

void install_interrupts(void);

#endif
