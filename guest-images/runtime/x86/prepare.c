/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between start.S and main(): interrupts that report a crash, and the facts of the boot block. */
#include "boot-block.h"
#include "x86.h"

static void read_boot_block(const struct boot_block *block)
{
	if (block->magic != BOOT_BLOCK_MAGIC || block->version != BOOT_BLOCK_VERSION)
		fail("rdi was %#lx at entry: there is no boot block of version %d", (uint64_t)block, BOOT_BLOCK_VERSION);
	machine.model = "tcevm";
	machine.bootargs = (const char *)block->bootargs;
	machine.memory_size = block->memory_size;
	machine.timebase_hz = block->tsc_hz;
	machine.cpus = block->cpus;
	machine.rtas_power_off = block->rtas_power_off;
	machine.rtas_start_cpu = block->rtas_start_cpu;
	machine.window = (struct dma_window){
		.liobn = block->liobn,
		.ioba = block->ioba,
		.size = block->window_size,
	};
}

/* The boot block names two services. */
uint32_t rtas_token(const char *name)
{
	if (strncmp("power-off", name, strlen(name)) == 0)
		return machine.rtas_power_off;
	return strncmp("start-cpu", name, strlen(name)) == 0 ? machine.rtas_start_cpu : 0;
}

void prepare_machine(const void *boot_block)
{
	install_interrupts();
	read_boot_block(boot_block);
}
