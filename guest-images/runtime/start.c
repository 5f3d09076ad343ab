/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Around main(): the order of set-up, verdict, power-off. */
#include "runtime.h"

_Noreturn void run_guest(const void *given)
{
	prepare_machine(given);
	exit(main());
}

#define RTAS_INPUTS 8

/* RTAS takes its arguments as big-endian words: token, number of inputs and of outputs, then both. */
int32_t rtas(uint32_t token, uint32_t inputs, const uint32_t *input)
{
	uint32_t block[3 + RTAS_INPUTS + 1] = { be32(token), be32(inputs), be32(1) };

	for (uint32_t i = 0; i < inputs && i < RTAS_INPUTS; i++)
		block[3 + i] = be32(input[i]);
	/* The hypervisor reads and writes the block: it must be in memory, not in registers. */
	__asm__ volatile("" : : "r"(block) : "memory");
	if (hcall(H_RTAS, (uint64_t)block).status != H_SUCCESS)
		return -1;
	__asm__ volatile("" : : "r"(block) : "memory");
	return (int32_t)be32(block[3 + inputs]);
}

_Noreturn void exit(int code)
{
	static const uint32_t power_on_by_anything[2] = { ~0u, ~0u };

	if (code != 0)
		printf("\nEXIT: STATUS=%d\n", code << 1 | 1);
	rtas(machine.rtas_power_off, 2, power_on_by_anything);
	for (;;)
		;		/* no power-off in the device tree, or it was refused */
}

_Noreturn void fail(const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	printf("\nFAIL: %s\n", why);
	exit(1);
}
