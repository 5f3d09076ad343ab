/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The interrupt vectors. Unless a guest catches interrupts, each one that arrives is reported as a crash. */
#include "power.h"

#define VECTOR_ENTRY	0xf0	/* real address, below the first vector; the code at the vectors reads it */
#define CODE_WORDS	4
#define LI_WORD		2	/* the word of vector_code that loads the vector's number */

extern const uint32_t vector_code[CODE_WORDS];
extern const char crash_entry[];

/* Power ISA 3.0B, Book III, 6.5 Interrupt Definitions. */
static const struct vector {
	uint16_t address;
	char name[22];
} vectors[] = {
	{ 0x100, "system reset" },
	{ 0x200, "machine check" },
	{ 0x300, "data storage" },
	{ 0x380, "data segment" },
	{ 0x400, "instruction storage" },
	{ 0x480, "instruction segment" },
	{ 0x500, "external" },
	{ 0x600, "alignment" },
	{ 0x700, "program" },
	{ 0x800, "floating-point" },
	{ 0x900, "decrementer" },
	{ 0x980, "hypervisor decrementer" },
	{ 0xa00, "doorbell" },
	{ 0xc00, "system call" },
	{ 0xd00, "trace" },
	{ 0xf00, "performance monitor" },
	{ 0xf20, "vector" },
	{ 0xf40, "VSX" },
	{ 0xf60, "facility" },
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

/* A pointer to a real address; the compiler must not reason about how low it is. */
static void *real(uint64_t address)
{
	__asm__("" : "+r"(address));
	return (void *)address;
}

void write_vectors(const uint32_t *from, size_t words, size_t li_word, const char *entry)
{
	*(uint64_t *)real(VECTOR_ENTRY) = (uint64_t)entry;
	for (size_t i = 0; i < VECTORS; i++) {
		uint32_t *code = real(vectors[i].address);

		for (size_t word = 0; word < words; word++)
			code[word] = from[word];
		code[li_word] |= vectors[i].address;
		__asm__ volatile("dcbst 0,%0; sync; icbi 0,%0" : : "r"(code) : "memory");
	}
	__asm__ volatile("sync; isync" : : : "memory");
}

void install_vectors(void)
{
	write_vectors(vector_code, CODE_WORDS, LI_WORD, crash_entry);
}

static const char *vector_name(uint64_t address)
{
	for (size_t i = 0; i < VECTORS; i++)
		if (vectors[i].address == address)
			return vectors[i].name;
	return "unknown";
}

/* Called by crash_entry on a fresh stack. */
_Noreturn void crash(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar, uint64_t dsisr, uint64_t lr)
{
	static bool crashing;

	if (!crashing) {
		crashing = true;
		printf("\nCRASH: %s interrupt (vector %#lx)\n", vector_name(vector), vector);
		printf("  SRR0 %016lx  SRR1  %016lx  LR %016lx\n", srr0, srr1, lr);
		printf("  DAR  %016lx  DSISR %08lx\n", dar, dsisr);
	}
	exit(2);
}
