/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between the files of this guest. */
#ifndef CPUS_H
#define CPUS_H

#include "interrupts.h"

/* Waits until it is so, at most a long time; whether it became so. */
#define BECOMES(condition) ({							\
	uint64_t start_ = timebase();						\
	while (!(condition) && timebase() - start_ < 10 * machine.timebase_hz)	\
		__asm__ volatile("" : : : "memory");				\
	(condition);								\
})

/* CPU 1 calls a function; it is free again when that returns. */
void give(void (*work)(void));
bool is_done(void);

void interrupts(void);
void atomics(void);

#endif
