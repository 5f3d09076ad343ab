/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The kernels as a POWER guest: they may use floating point and vectors, which the runtime does not. */
#include "../kernels.h"
#include "guest.h"
#include "interrupts.h"

uint64_t ticks(void)
{
	return timebase();
}

uint64_t ticks_per_second(void)
{
	return machine.timebase_hz;
}

bool has_word(const char *word)
{
	return bootargs_has(word);
}

uint64_t number_of(const char *name, uint64_t otherwise)
{
	return bootargs_number(name, otherwise);
}

int main(void)
{
	mtmsr(mfmsr() | MSR_FP | MSR_VEC | MSR_VSX);
	return run_kernels();
}
