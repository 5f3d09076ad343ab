/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the files of the runtime only; guests include guest.h. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "guest.h"

/*
 * The start of each architecture calls run_guest() with the address that the machine gave it; prepare_machine() of
 * the same architecture takes it from there: interrupts that report a crash, and the facts of `machine`.
 */
_Noreturn void run_guest(const void *given);
void prepare_machine(const void *given);
int main(void);

#endif
