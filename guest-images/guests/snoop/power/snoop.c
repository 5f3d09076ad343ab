/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The instruction cache of POWER9 snoops stores: whoever writes code, the next context synchronization runs it, and no
 * icbi has to name its block (Power ISA 3.0B, Book II, 1.8, lets software rely on such a processor). Linux does: after
 * patching it names one fixed block, and after it has filled a page of a new program none.
 */
#include "guest.h"

#define H_LOGICAL_CACHE_STORE	0x48
#define PAGE_COPY		(1ul << 14)	/* H_PAGE_INIT: as in LoPAR 2.9, bit 49 */
#define TURNS			1000u
#define LI_R3			0x38600000u
#define BLR			0x4e800020u

/* Each in a page of its own. */
static uint32_t code[1024] __attribute__((aligned(4096)));
static uint32_t source[1024] __attribute__((aligned(4096)));
static uint32_t elsewhere[1024] __attribute__((aligned(65536)));

/* Puts `li r3,value; blr` at the start of a page. */
static void store(uint32_t *page, uint32_t value)
{
	((volatile uint32_t *)page)[0] = LI_R3 | value;
	((volatile uint32_t *)page)[1] = BLR;
}

static uint32_t call(void)
{
	__asm__ volatile("sync; isync" : : : "memory");
	return ((uint32_t (*)(void))code)();
}

static void icbi(void *block)
{
	__asm__ volatile("sync; icbi 0,%0; sync; isync" : : "r"(block) : "memory");
}

static void by_store(uint32_t value)
{
	store(code, value);
}

static void by_store_and_own_icbi(uint32_t value)
{
	store(code, value);
	icbi(code);
}

static void by_store_and_other_icbi(uint32_t value)
{
	store(code, value);
	icbi(elsewhere);
}

static void by_dcbz_and_store(uint32_t value)
{
	__asm__ volatile("dcbz 0,%0" : : "r"(code) : "memory");
	store(code, value);
}

/* The last word is beside the code, in its page: data that is written all the time. */
static void by_store_between_data(uint32_t value)
{
	for (unsigned i = 0; i < 4; i++) {
		((volatile uint32_t *)code)[1023] += i;
		if (i == 2)
			store(code, value);
	}
}

static void by_page_init(uint32_t value)
{
	store(source, value);
	hcall(H_PAGE_INIT, PAGE_COPY, (uint64_t)code, (uint64_t)source);
}

/* The hypercall stores big-endian. */
static void by_cache_store(uint32_t value)
{
	hcall(H_LOGICAL_CACHE_STORE, 4, (uint64_t)code, be32(LI_R3 | value));
}

static volatile uint32_t wanted, done;

/* The second CPU: writes each value that is wanted, and says so. */
static void writer(uint64_t argument)
{
	(void)argument;
	for (uint32_t last = 0;;) {
		uint32_t value = wanted;

		if (value == last)
			continue;
		store(code, value);
		__asm__ volatile("sync" : : : "memory");
		done = last = value;
	}
}

static void by_other_cpu(uint32_t value)
{
	wanted = value;
	while (done != value)
		__asm__ volatile("or 27,27,27" : : : "memory");
}

static unsigned stale(void (*write)(uint32_t), unsigned turns)
{
	unsigned wrong = 0;

	/* Values differ by turn and from those of the way before. */
	for (unsigned i = 1; i <= turns; i++) {
		static uint32_t value;

		value = value % 0x7fff + 1;
		write(value);
		wrong += call() != value;
	}
	return wrong;
}

int main(void)
{
	static const struct {
		const char *how;
		void (*write)(uint32_t value);
	} ways[] = {
		{ "stored, icbi of its block", by_store_and_own_icbi },
		{ "stored, icbi of another page", by_store_and_other_icbi },
		{ "stored, no icbi", by_store },
		{ "cleared by dcbz and stored", by_dcbz_and_store },
		{ "stored between data of its page", by_store_between_data },
		{ "copied by H_PAGE_INIT", by_page_init },
		{ "stored by H_LOGICAL_CACHE_STORE", by_cache_store },
	};

	store(code, 0);
	call();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		unsigned wrong = stale(ways[i].write, TURNS);

		claim(wrong == 0, "code is %s: %u of %u ran old code", ways[i].how, wrong, TURNS);
	}
	if (machine.cpus > 1 && start_cpu(1, writer, 0)) {
		unsigned wrong = stale(by_other_cpu, TURNS / 10);

		claim(wrong == 0, "code is stored by another CPU: %u of %u ran old code", wrong, TURNS / 10);
	}
	return claims_verdict();
}
