/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between start.S and main(): relocation, the byte order of interrupts, vectors, the device tree. */
#include "power.h"

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

/* Interrupts in this image's byte order (LoPAR 2.9, H_SET_MODE, resource 4), so that a crash can be reported. */
static void set_interrupt_endian(void)
{
#ifdef __LITTLE_ENDIAN__
	hcall(H_SET_MODE, 1, 4, 0, 0);
#else
	hcall(H_SET_MODE, 0, 4, 0, 0);
#endif
}

void prepare_machine(const void *device_tree)
{
	set_interrupt_endian();
	install_vectors();
	read_device_tree(device_tree);
}
