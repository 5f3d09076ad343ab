/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Interrupts are not used by these guests: each exception is reported as a crash. */
#include "x86.h"

#define EXCEPTIONS	32
#define STUB_BYTES	16		/* from one stub of start.S to the next */
#define CODE_SELECTOR	0x08		/* X86-GATE.md: of the machine's GDT */
#define INTERRUPT_GATE	0x8e		/* present, for ring 0, 64 bits */

/* Intel SDM, volume 3, 6.14.1, 64-Bit Mode IDT. */
struct gate {
	uint16_t offset_0;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_16;
	uint32_t offset_32;
	uint32_t reserved;
};

/* The values that start.S and the CPU pushed. */
struct frame {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

extern const char interrupt_stubs[];

/* Intel SDM, volume 3, 6.15. */
static const char names[EXCEPTIONS][24] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range exceeded", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun", "invalid TSS", "segment not present",
	"stack fault", "general protection", "page fault", "reserved", "floating-point", "alignment check",
	"machine check", "SIMD", "virtualization", "control protection",
};

static struct gate idt[EXCEPTIONS];

void load_interrupts(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr), "m"(idt));
}

void install_interrupts(void)
{
	for (size_t vector = 0; vector < EXCEPTIONS; vector++) {
		uint64_t stub = (uint64_t)interrupt_stubs + vector * STUB_BYTES;

		idt[vector] = (struct gate){
			.offset_0 = (uint16_t)stub,
			.offset_16 = (uint16_t)(stub >> 16),
			.offset_32 = (uint32_t)(stub >> 32),
			.selector = CODE_SELECTOR,
			.type = INTERRUPT_GATE,
		};
	}
	load_interrupts();
}

/* Called by start.S on a fresh stack. */
_Noreturn void crash(const struct frame *f)
{
	static bool crashing;
	uint64_t cr2;

	if (!crashing) {
		crashing = true;
		__asm__("mov %%cr2, %0" : "=r"(cr2));
		printf("\nCRASH: %s exception (vector %lu)\n", names[f->vector % EXCEPTIONS], f->vector);
		printf("  RIP %016lx  RSP   %016lx  RFLAGS %08lx\n", f->rip, f->rsp, f->rflags);
		printf("  CR2 %016lx  error %08lx  CS %lx\n", cr2, f->error, f->cs);
	}
	exit(2);
}
