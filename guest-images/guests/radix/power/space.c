/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The tables of the address space: 52 bits, levels of 13, 9, 9 and 9 bits, or 5 for pages of 64 KiB. */
#include "radix.h"

#define ROOT_BITS	13
#define ROOT_SIZE	(8ull << ROOT_BITS)
/* Radix tree size 52 - 31, in two parts of a process table entry. */
#define RTS		((21ull >> 3) << 61 | (21ull & 7) << 5)

static uint64_t processes[512] __attribute__((aligned(4096)));
static uint64_t root[1 << ROOT_BITS] __attribute__((aligned(ROOT_SIZE)));
static uint64_t gigabytes[512] __attribute__((aligned(4096)));	/* entries of 1 GiB */
static uint64_t memory[4][512] __attribute__((aligned(4096)));	/* entries of 2 MiB, below SPACE */
static uint64_t space[512] __attribute__((aligned(4096)));	/* the same, in SPACE */
static uint64_t pages[512] __attribute__((aligned(4096)));	/* entries of 4 KiB */
static uint64_t pages_64k[32] __attribute__((aligned(256)));

static uint64_t to_table(const void *table, unsigned bits)
{
	return be64(PTE_VALID | (uint64_t)table | bits);
}

static uint64_t to_page(uint64_t ra, uint64_t rights)
{
	return be64(PTE_VALID | PTE_LEAF | ra | PTE_R | PTE_C | rights);
}

static void build(void)
{
	root[0] = to_table(gigabytes, 9);
	for (uint64_t ra = 0; ra < machine.memory_size && ra < SPACE; ra += 2 * MIB) {
		gigabytes[ra / GIB] = to_table(memory[ra / GIB], 9);
		memory[ra / GIB][ra / (2 * MIB) % 512] = to_page(ra, PTE_ALL);
	}
	gigabytes[SPACE / GIB] = to_table(space, 9);
	space[0] = to_table(pages, 9);
	space[1] = to_table(pages_64k, 5);
	space[2] = to_page(4 * MIB, PTE_READ);		/* where the image is */
	gigabytes[SPACE_1G / GIB] = to_page(0, PTE_READ);
	pages_64k[3] = to_page(4 * MIB, PTE_READ);
	processes[0] = be64((uint64_t)root | RTS | ROOT_BITS);
}

void translate(void)
{
	mtspr(48, 0);		/* PIDR: process 0 */
	mtmsr(mfmsr() | MSR_IR | MSR_DR | MSR_RI);
	__asm__ volatile("isync" : : : "memory");
}

/* H_REGISTER_PROC_TBL: a new table of 4 KiB, radix, guest translation shootdown. */
void enter_space(void)
{
	build();
	claim(hcall(H_REGISTER_PROC_TBL, 0x1d, (uint64_t)processes, 0, 0).status == H_SUCCESS,
	      "H_REGISTER_PROC_TBL: H_SUCCESS");
	translate();
	claim((mfmsr() & (MSR_IR | MSR_DR)) == (MSR_IR | MSR_DR), "translation is on");
}

uint64_t pte(unsigned n)
{
	return be64(*(volatile uint64_t *)&pages[n]);
}

/* One page of process 0: IS = 0, AP = 0 for 4 KiB, RIC = 0, PRS = 1, R = 1. */
#define FORGET(instruction, n)									\
	__asm__ volatile(".machine push; .machine power9; ptesync; " instruction " %0,%1,0,1,1; .machine pop"	\
			 : : "r"(SPACE + (n) * 4 * KIB), "r"(0ull) : "memory")

void set_pte(unsigned n, uint64_t entry)
{
	*(volatile uint64_t *)&pages[n] = be64(entry);
	FORGET("tlbie", n);
	__asm__ volatile("eieio; tlbsync; ptesync" : : : "memory");
}

void set_pte_here(unsigned n, uint64_t entry)
{
	*(volatile uint64_t *)&pages[n] = be64(entry);
	FORGET("tlbiel", n);
	__asm__ volatile("ptesync" : : : "memory");
}
