/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the x86-64 files of the runtime only. */
#ifndef X86_H
#define X86_H

#include "runtime.h"

/* Fills the interrupt table in and loads it; the latter is what each further CPU needs. */
void install_interrupts(void);
void load_interrupts(void);

#endif
