/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The timebase and the decrementer (Power ISA 3.0B, Book III, chapter 7), which has 56 bits here, and how H_CEDE waits
 * for it. Only orders of times are claimed, never their lengths.
 */
#include "interrupts.h"

#define DEC		22
#define DEC_MAX		((1ull << 55) - 1)	/* 56 bits with a sign */
#define DEC_MIN		(1ull << 55)

static volatile unsigned ticks;

static bool tick(struct interrupted *program)
{
	ticks++;
	program->msr &= ~MSR_EE;
	return program->vector == 0x900;
}

/* How many interrupts come while they are enabled for a moment. */
static unsigned let_in(void)
{
	ticks = 0;
	mtmsr(mfmsr() | MSR_EE | MSR_RI);
	mtmsr(mfmsr() & ~MSR_EE);
	return ticks;
}

static void wait(uint64_t time)
{
	uint64_t start = timebase();

	while (timebase() - start < time)
		;
}

static void time_passes(void)
{
	uint64_t before = timebase(), upper, now;
	bool back = false;

	for (unsigned i = 0; i < 1000; i++) {
		now = timebase();
		back |= now < before;
		before = now;
	}
	claim(!back, "the timebase never goes back");
	wait(1000);
	claim(timebase() > now, "the timebase goes on");
	do {
		upper = mfspr(269);
		now = timebase();
	} while (upper != mfspr(269));
	claim(upper == now >> 32, "TBU is its upper half");
	claim(machine.timebase_hz == 512000000, "it has 512 MHz");
}

static void decrementer(void)
{
	uint64_t start, dec, end;

	mtspr(DEC, DEC_MAX);
	start = timebase();
	wait(machine.timebase_hz / 100);
	dec = mfspr(DEC);
	end = timebase();
	claim(DEC_MAX - dec >= machine.timebase_hz / 100 && DEC_MAX - dec <= end - start + 5120000,
	      "the decrementer counts the timebase down");
	claim(let_in() == 0, "no interrupt while it is positive");

	mtspr(DEC, DEC_MIN);
	claim(mfspr(DEC) >> 55 == 0x1ff || mfspr(DEC) >> 55 == 0, "it reads sign-extended from 56 bits");
	mtspr(DEC, 1);
	wait(machine.timebase_hz / 20);
	claim(mfspr(DEC) >> 63 == 1, "below 0 it reads as negative");
	claim(let_in() == 1, "an interrupt when it has become negative");
	claim(let_in() == 1, "and again, as long as it is");
	mtspr(DEC, DEC_MAX);
	claim(let_in() == 0, "none after it was set to a positive value");
	mtspr(DEC, -1ull);
	claim(let_in() == 1, "an interrupt when it is set to a negative value");
	mtspr(DEC, DEC_MIN + 1);
	wait(machine.timebase_hz / 20);
	claim_of_tcevm(let_in() == 0, "none after it went from the most negative value to positive ones");
}

static void ceded(void)
{
	uint64_t start = timebase();
	int64_t status;

	ticks = 0;
	mtspr(DEC, machine.timebase_hz / 20);
	status = hcall(H_CEDE).status;
	claim(status == H_SUCCESS, "H_CEDE: H_SUCCESS");
	claim(ticks == 1, "H_CEDE enables interrupts, and the decrementer's comes");
	claim(timebase() - start >= machine.timebase_hz / 20, "H_CEDE waits for the decrementer");
	mtspr(DEC, -1ull);
	ticks = 0;
	hcall(H_CEDE);
	claim(ticks == 1, "H_CEDE does not wait when an interrupt is due");
	mtspr(DEC, DEC_MAX);
	mtmsr(mfmsr() & ~MSR_EE);
}

/* Reads the dispatch count behind the compiler's back. */
static uint32_t dispatches(const uint8_t *vpa)
{
	return be32(*(const volatile uint32_t *)(vpa + 0x100));
}

static void dispatched(void)
{
	static uint8_t vpa[640] __attribute__((aligned(1024)));
	uint32_t count;

	vpa[4] = sizeof(vpa) >> 8;
	vpa[5] = sizeof(vpa) & 0xff;
	claim(hcall(H_REGISTER_VPA, 1ull << 45, 0, (uint64_t)vpa).status == H_SUCCESS, "H_REGISTER_VPA: H_SUCCESS");
	count = dispatches(vpa);
	claim(count % 2 == 0, "the dispatch count is even while the CPU runs");
	mtspr(DEC, machine.timebase_hz / 20);
	hcall(H_CEDE);
	claim(dispatches(vpa) != count && dispatches(vpa) % 2 == 0, "it has changed over H_CEDE, and is even");
	mtspr(DEC, DEC_MAX);
	mtmsr(mfmsr() & ~MSR_EE);
	claim(hcall(H_PROD, 0).status == H_SUCCESS, "H_PROD of this CPU: H_SUCCESS");
	ticks = 0;
	mtspr(DEC, machine.timebase_hz / 20);
	hcall(H_CEDE);
	claim_of_tcevm(ticks == 0, "H_CEDE returns at once to a CPU that was prodded");
	mtspr(DEC, DEC_MAX);
	claim(hcall(H_PROD, 1000).status == H_PARAMETER, "H_PROD of a CPU that is not there: H_PARAMETER");
	claim_of_tcevm(hcall(H_CONFER, -1ull, 0).status == H_SUCCESS, "H_CONFER to all: H_SUCCESS");
	claim(hcall(H_CONFER, 1000, 0).status == H_PARAMETER, "H_CONFER to a CPU that is not there: H_PARAMETER");
	claim(hcall(H_REGISTER_VPA, 5ull << 45, 0, 0).status == H_SUCCESS, "deregistering: H_SUCCESS");
}

int main(void)
{
	catch_interrupts(tick);
	time_passes();
	decrementer();
	ceded();
	dispatched();
	return claims_verdict();
}
