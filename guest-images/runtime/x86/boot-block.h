/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The facts of an x86-64 machine for its guest: the structure that rdi points to at entry. X86-GATE.md describes it. */
#ifndef BOOT_BLOCK_H
#define BOOT_BLOCK_H

#include <stdint.h>

#define BOOT_BLOCK_MAGIC	0x3638584d56454354ul	/* "TCEVMX86" */
#define BOOT_BLOCK_VERSION	1

struct boot_block {
	uint64_t magic;
	uint32_t version;
	uint32_t size;			/* bytes of this structure */
	uint64_t memory_size;		/* bytes of RAM, from physical address 0 */
	uint32_t cpus;
	uint32_t vty;			/* unit address of the first console */
	uint32_t liobn;			/* of the default DMA window */
	uint32_t page_shift;
	uint64_t ioba;			/* its first I/O bus address */
	uint64_t window_size;		/* bytes */
	uint64_t tsc_hz;
	uint32_t rtas_power_off;	/* tokens */
	uint32_t rtas_start_cpu;	/* 0: there is one CPU */
	uint64_t bootargs;		/* physical address of text that ends with a 0 */
	uint64_t initrd;		/* physical address */
	uint64_t initrd_size;		/* bytes; 0: there is none */
};

#endif
