/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The C side of the start and the ends: relocation, the order of set-up, verdict, power-off. */
#include "runtime.h"

#define R_PPC64_RELATIVE 22

struct rela {
	uint64_t offset;
	uint64_t info;
	uint64_t addend;
};

/* Called by start.S before anything else; may not use a pointer that is initialised data. */
void prepare_image(uint64_t base, const struct rela *rela, const struct rela *rela_end,
		   uint64_t *bss, uint64_t *bss_end)
{
	for (; bss < bss_end; bss++)
		*bss = 0;
	for (; rela < rela_end; rela++)
		if ((uint32_t)rela->info == R_PPC64_RELATIVE)
			*(uint64_t *)(base + rela->offset) = base + rela->addend;
}

/* Interrupts in this image's byte order (LoPAR 2.9, H_SET_MODE, resource 4), so that a crash can be told. */
static void set_interrupt_endian(void)
{
#ifdef __LITTLE_ENDIAN__
	hcall(H_SET_MODE, 1, 4, 0, 0);
#else
	hcall(H_SET_MODE, 0, 4, 0, 0);
#endif
}

_Noreturn void run_guest(const void *device_tree)
{
	set_interrupt_endian();
	install_vectors();
	read_device_tree(device_tree);
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
