/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Random hypercalls, to see that no register value harms the machine: `seed=N` and `calls=N` among the boot
 * arguments choose which and how many. Every CPU makes them. After each call the guest checks what holds for all:
 * the status is one of PAPR's, and a call that answers nothing in a register leaves it alone. With `crash` among them it
 * executes a wrong instruction instead, to see that the runtime reports it.
 */
#include "guest.h"

#define REGISTERS	10			/* r3..r12 */
#define ANSWERS		4			/* r3..r6: no call answers in more */
#define MOST_CPUS	8

static uint8_t scratch[MOST_CPUS][2 * TCE_PAGE] __attribute__((aligned(TCE_PAGE)));

struct chaos {
	uint64_t random;			/* state of xorshift64, not 0 */
	uint8_t *scratch;			/* the only memory that calls may write */
	uint64_t calls, successes;
};

static uint64_t next(struct chaos *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

static const uint64_t tokens[] = {
	H_GET_TCE, H_PUT_TCE, H_PUT_TCE, H_PUT_TCE, H_STUFF_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT, H_PUT_TCE_INDIRECT,
	H_SET_SPRG0, H_SET_DABR, H_PAGE_INIT, H_GET_TERM_CHAR, H_PUT_TERM_CHAR, H_RANDOM, H_SET_MODE, H_RTAS,
};
#define TOKENS (sizeof(tokens) / sizeof(tokens[0]))

static uint64_t any_token(struct chaos *c)
{
	uint64_t token = next(c) % 8 ? tokens[next(c) % TOKENS] : next(c) >> next(c) % 64;

	/* That would sleep until input comes. */
	return token == H_CEDE ? H_GET_TCE : token;
}

/* A value that some argument of some call may want, or nearly. */
static uint64_t any_value(struct chaos *c)
{
	const struct dma_window *w = &machine.window;
	uint64_t n = next(c);

	switch (n >> 60) {
	case 0: return n % 4;
	case 1: return n % 1024;
	case 2: case 3: case 4: return w->liobn;
	case 5: case 6: return w->ioba + n % 1024 * TCE_PAGE;
	case 7: return w->ioba + w->size - n % 3 * TCE_PAGE;
	case 8: case 9: return n % 4 | (n % machine.memory_size & -TCE_PAGE);
	case 10: return machine.memory_size + n % 64 - 32;
	case 11: return (uint64_t)c->scratch + n % 2 * 8;
	case 12: return -(n % 8);
	case 13: return 1ul << n % 64;
	default: return n >> next(c) % 64;
	}
}

/* A memory address that the machine may write to: ours, or none. */
static uint64_t harmless_address(struct chaos *c)
{
	uint64_t n = next(c);

	return n % 2 ? (uint64_t)c->scratch + n % 3 / 2 : machine.memory_size + (n & -TCE_PAGE & INT64_MAX);
}

/* Takes values back that would end the run, overwrite this program or fill the console. */
static void tame(struct chaos *c, uint64_t r[REGISTERS])
{
	uint32_t *block = (uint32_t *)c->scratch;

	switch (r[0]) {
	case H_PAGE_INIT:
		r[2] = harmless_address(c);
		break;
	case H_RTAS:
		r[1] = harmless_address(c);
		for (unsigned i = 0; i < 8; i++)
			block[i] = (uint32_t)next(c);
		if (next(c) % 2) {
			block[0] = be32(0x2000 + next(c) % 8 % 3);
			block[1] = be32(next(c) % 4);
			block[2] = be32(next(c) % 12);
		}
		if (be32(block[0]) == machine.rtas_power_off)
			block[0] = 0;
		block[3] |= be32(0x100);	/* display-character has one byte; start-cpu has fewer CPUs */
		break;
	case H_PUT_TERM_CHAR:
		r[2] = next(c) % 2 ? 0 : 17 + (next(c) >> 1) % 100;
		break;
	}
}

/* Arguments that may well be right, so that entries do change; each is left to chance now and then. */
static void guide(struct chaos *c, uint64_t r[REGISTERS])
{
	const struct dma_window *w = &machine.window;
	uint64_t chance = next(c);
	uint64_t tce = next(c) % machine.memory_size & -TCE_PAGE, count = next(c) % 16;

	if (r[0] != H_PUT_TCE && r[0] != H_GET_TCE && r[0] != H_STUFF_TCE && r[0] != H_PUT_TCE_INDIRECT)
		return;
	if (chance & 7)
		r[1] = w->liobn;
	if (chance >> 3 & 7)
		r[2] = w->ioba + next(c) % 64 * TCE_PAGE;
	if (chance >> 6 & 7)
		r[3] = r[0] == H_PUT_TCE_INDIRECT ? (uint64_t)c->scratch : tce | next(c) % 4;
	if (chance >> 9 & 7)
		r[4] = count;
	if (r[0] != H_PUT_TCE_INDIRECT || r[3] != (uint64_t)c->scratch)
		return;
	for (uint64_t i = 0; i < count; i++)
		((uint64_t *)c->scratch)[i] = be64((tce + i * TCE_PAGE) % machine.memory_size | next(c) % 4);
	if (chance >> 12 & 1)
		((uint64_t *)c->scratch)[next(c) % 16] = be64(any_value(c));
}

static void call(struct chaos *c)
{
	uint64_t asked[REGISTERS], got[REGISTERS];
	unsigned first;

	asked[0] = any_token(c);
	for (unsigned i = 1; i < REGISTERS; i++)
		asked[i] = any_value(c);
	guide(c, asked);
	tame(c, asked);
	for (unsigned i = 0; i < REGISTERS; i++)
		got[i] = asked[i];
	__asm__ volatile("" : : : "memory");
	hcall_regs(got);

	if (status_name((int64_t)got[0])[2] == '?')
		fail("token %#lx: the status %ld is none of PAPR's", asked[0], got[0]);
	first = got[0] == H_SUCCESS ? ANSWERS : 1;
	for (unsigned i = first; i < REGISTERS; i++)
		if (got[i] != asked[i])
			fail("token %#lx, status %ld: r%u changed", asked[0], got[0], 3 + i);
	c->calls++;
	c->successes += got[0] == H_SUCCESS;
}

static struct chaos chaos[MOST_CPUS];
static uint32_t done;

static void run(uint64_t cpu)
{
	struct chaos *c = &chaos[cpu];
	uint64_t calls = bootargs_number("calls", 1000);

	c->random = (bootargs_number("seed", 1) * MOST_CPUS + cpu) * 0x9e3779b97f4a7c15 | 1;
	c->scratch = scratch[cpu];
	while (c->calls < calls)
		call(c);
	__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
}

static void run_and_wait(uint64_t cpu)
{
	run(cpu);
	for (;;)
		hcall(H_CEDE);
}

int main(void)
{
	uint64_t calls = 0, successes = 0;
	uint32_t cpus = 1;

	if (bootargs_has("crash"))
		__builtin_trap();
	while (cpus < MOST_CPUS && start_cpu(cpus, run_and_wait, cpus))
		cpus++;
	run(0);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < cpus)
		;
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		calls += chaos[cpu].calls;
		successes += chaos[cpu].successes;
	}
	printf("chaos: %u CPU%s made %lu calls, of which %lu succeeded\n", cpus, cpus == 1 ? "" : "s", calls, successes);
	return 0;
}
