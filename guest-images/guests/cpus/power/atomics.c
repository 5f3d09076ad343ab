/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Load and reserve, store conditional (Power ISA 3.0B, Book II, 1.7.3 and 4.6.2) by two CPUs on the same storage. */
#include "cpus.h"

#define ROUNDS	20000

static uint8_t shared[256] __attribute__((aligned(128)));
static volatile unsigned width;

/* Adds 1 to an integer by larx and stcx. */
#define ADD(larx, stcx, at)									\
	__asm__ volatile("1: " larx " 9,0,%0; addi 9,9,1; " stcx " 9,0,%0; bne- 1b"		\
			 : : "b"(at) : "r9", "cr0", "memory")

/* Adds 1 to a pair of registers, of which the second is the low half. */
static void add_quad(void *at)
{
	__asm__ volatile("1: lqarx 8,0,%0; addic 9,9,1; addze 8,8; stqcx. 8,0,%0; bne- 1b"
			 : : "b"(at) : "r8", "r9", "xer", "cr0", "memory");
}

static void count(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		switch (width) {
		case 1: ADD("lbarx", "stbcx.", shared); break;
		case 2: ADD("lharx", "sthcx.", shared); break;
		case 4: ADD("lwarx", "stwcx.", shared); break;
		case 8: ADD("ldarx", "stdcx.", shared); break;
		default: add_quad(shared);
		}
	}
}

/* The integer of this width, its low half if it is a quadword. */
static uint64_t value(unsigned bytes)
{
	uint64_t low;

	switch (bytes) {
	case 1: return shared[0];
	case 2: return *(volatile uint16_t *)shared;
	case 4: return *(volatile uint32_t *)shared;
	case 8: return *(volatile uint64_t *)shared;
	}
	memcpy(&low, shared + (mfmsr() & MSR_LE ? 0 : 8), sizeof(low));
	return low;
}

static void widths(void)
{
	static const uint8_t all[] = { 1, 2, 4, 8, 16 };

	for (size_t i = 0; i < sizeof(all); i++) {
		uint64_t mask = all[i] >= 8 ? ~0ull : (1ull << (8 * all[i])) - 1;

		if (all[i] == 16 && bootargs_has("no-quadwords")) {
			printf("SKIP: 16 bytes: the command line says no-quadwords\n");	/* QEMU 7.2 crashes */
			continue;
		}
		memset(shared, 0, sizeof(shared));
		width = all[i];
		give(count);
		count();
		claim(BECOMES(is_done()) && value(all[i]) == (2 * ROUNDS & mask),
		      "%u bytes: no addition of two CPUs is lost", all[i]);
	}
}

static void store(void)
{
	*(volatile uint64_t *)shared = 5;
}

static bool store_conditional(uint64_t new)
{
	uint32_t cr;

	__asm__ volatile("stdcx. %1,0,%2; mfcr %0" : "=r"(cr) : "r"(new), "b"(shared) : "cr0", "memory");
	return (cr >> 29 & 1) != 0;
}

static uint64_t load_reserve(void)
{
	uint64_t seen;

	__asm__ volatile("ldarx %0,0,%1" : "=r"(seen) : "b"(shared) : "memory");
	return seen;
}

static void reservations(void)
{
	*(volatile uint64_t *)shared = 0;
	load_reserve();
	claim(store_conditional(1) && *(volatile uint64_t *)shared == 1, "a store conditional stores when nobody came between");
	claim(!store_conditional(2), "and once only");
	load_reserve();
	give(store);
	claim(BECOMES(is_done()), "CPU 1 stores");
	claim(!store_conditional(3) && *(volatile uint64_t *)shared == 5, "a store of another CPU loses the reservation");
}

static struct {
	uint32_t lock;
	uint64_t one, two;
} guarded __attribute__((aligned(128)));
static volatile bool torn;

static void guard(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		__asm__ volatile("1: lwarx 9,0,%0; cmpwi 9,0; bne- 1b; li 9,1; stwcx. 9,0,%0; bne- 1b; isync"
				 : : "b"(&guarded.lock) : "r9", "cr0", "memory");
		if (guarded.one != guarded.two)
			torn = true;
		guarded.one++;
		guarded.two++;
		__asm__ volatile("lwsync" : : : "memory");
		*(volatile uint32_t *)&guarded.lock = 0;
	}
}

static volatile uint64_t message, flag;

static void answer(void)
{
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		while (flag != 2 * i - 1)
			;
		__asm__ volatile("lwsync" : : : "memory");
		if (message != i)
			torn = true;
		flag = 2 * i;
	}
}

static void order(void)
{
	give(guard);
	guard();
	claim(BECOMES(is_done()) && !torn && guarded.one == 2 * ROUNDS && guarded.two == 2 * ROUNDS,
	      "a lock keeps the other CPU out");
	give(answer);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		message = i;
		__asm__ volatile("lwsync" : : : "memory");
		flag = 2 * i - 1;
		if (!BECOMES(flag == 2 * i))
			break;
	}
	claim(BECOMES(is_done()) && !torn, "a message is there before its flag");
}

void atomics(void)
{
	widths();
	reservations();
	order();
}
