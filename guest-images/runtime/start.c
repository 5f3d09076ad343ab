/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Around main(): the order of set-up, verdict, power-off. */
#include "runtime.h"

_Noreturn void run_guest(const void *given)
{
	prepare_machine(given);
	exit(main());
}

/* RTAS takes its arguments as big-endian words: token, number of arguments and of results, then both. */
static void power_off(void)
{
	static uint32_t block[6];

	block[0] = be32(machine.rtas_power_off);
	block[1] = be32(2);
	block[2] = be32(1);
	block[3] = be32(~0u);	/* what may power it on again: anything */
	block[4] = be32(~0u);
	/* The hypervisor reads the block: it must be in memory, not in registers. */
	__asm__ volatile("" : : "r"(block) : "memory");
	hcall(H_RTAS, (uint64_t)block);
}

_Noreturn void exit(int code)
{
	if (code != 0)
		printf("\nEXIT: STATUS=%d\n", code << 1 | 1);
	power_off();
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
