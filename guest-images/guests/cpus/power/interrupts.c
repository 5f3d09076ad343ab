/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Interrupts between CPUs: the XICS presentation calls (LoPAR 2.9, H_IPI, H_XIRR, H_CPPR, H_EOI), H_CEDE and H_PROD. */
#include "cpus.h"

#define XISR_IPI	2
#define DEC		22
#define DEC_MAX		((1ull << 55) - 1)

static volatile unsigned arrived[2];	/* by CPU */
static volatile uint32_t last_xirr;
static volatile uint64_t last_vector;

/* The number of this CPU lies in SPRG0. */
static unsigned self(void)
{
	return (unsigned)mfspr(272);
}

static bool take_ipi(struct interrupted *program)
{
	last_vector = program->vector;
	if (program->vector != 0x500)
		return false;
	last_xirr = (uint32_t)hcall(H_XIRR).r4;
	if ((last_xirr & 0xffffff) == XISR_IPI)
		hcall(H_IPI, self(), 0xff);
	hcall(H_EOI, last_xirr);
	arrived[self()]++;
	return true;
}

static volatile bool stop_listening;

static void listen(void)
{
	mtspr(272, 1);
	hcall(H_CPPR, 0xff);
	mtmsr(mfmsr() | MSR_EE | MSR_RI);
	while (!stop_listening)
		__asm__ volatile("" : : : "memory");
	mtmsr(mfmsr() & ~MSR_EE);
}

/* Takes nothing until CPU 0 lets it. */
static volatile int mask_step;

static void listen_masked(void)
{
	hcall(H_CPPR, 4);
	mtmsr(mfmsr() | MSR_EE | MSR_RI);
	mask_step = 1;
	while (mask_step == 1)
		__asm__ volatile("" : : : "memory");
	mask_step = (int)arrived[1] + 100;
	while (mask_step >= 100)
		__asm__ volatile("" : : : "memory");
	hcall(H_CPPR, 0xff);
	while (!stop_listening)
		__asm__ volatile("" : : : "memory");
	mtmsr(mfmsr() & ~MSR_EE);
}

static volatile bool ceding;

static void cede(void)
{
	mtspr(DEC, DEC_MAX);
	ceding = true;
	hcall(H_CEDE);
	ceding = false;
	mtmsr(mfmsr() & ~MSR_EE);
}

static void pause(void)
{
	uint64_t start = timebase();

	while (timebase() - start < machine.timebase_hz / 50)
		;
}

static void masks(void)
{
	unsigned before = arrived[1];

	stop_listening = false;
	give(listen_masked);
	claim(BECOMES(mask_step == 1), "CPU 1 sets its priority to 4");
	hcall(H_IPI, 1, 4);
	pause();
	mask_step = 2;
	claim(BECOMES(mask_step >= 100) && mask_step == (int)before + 100, "an IPI of priority 4 does not get through");
	mask_step = 3;
	claim(BECOMES(arrived[1] == before + 1), "it does when the priority is set to the least");
	claim(last_xirr == (0xffu << 24 | XISR_IPI), "H_XIRR tells that priority, and the source");
	stop_listening = true;
	claim(BECOMES(is_done()), "CPU 1 is done");
}

static void wakes(void)
{
	unsigned before = arrived[1];

	give(cede);
	claim(BECOMES(ceding), "CPU 1 cedes");
	pause();
	claim(ceding, "and waits");
	hcall(H_IPI, 1, 4);
	claim(BECOMES(is_done()) && arrived[1] == before + 1, "an IPI ends H_CEDE, and is taken");
	give(cede);
	claim(BECOMES(ceding), "CPU 1 cedes again");
	pause();
	claim(hcall(H_PROD, 1).status == H_SUCCESS, "H_PROD: H_SUCCESS");
	claim(BECOMES(is_done()) && arrived[1] == before + 1, "H_PROD ends H_CEDE without an interrupt");
}

void interrupts(void)
{
	unsigned before;

	mtspr(272, 0);
	mtspr(DEC, DEC_MAX);
	catch_interrupts(take_ipi);
	give(listen);
	pause();
	claim(hcall(H_IPI, 1, 4).status == H_SUCCESS, "H_IPI: H_SUCCESS");
	claim(BECOMES(arrived[1] == 1), "the interrupt arrives");
	claim(last_vector == 0x500 && (last_xirr & 0xffffff) == XISR_IPI, "external interrupt 0x500 of source 2");
	before = arrived[1];
	hcall(H_IPI, 1, 4);
	claim(BECOMES(arrived[1] == before + 1), "and a second one");
	claim(arrived[0] == 0, "CPU 0 got none");
	claim(hcall(H_IPI, 1000, 4).status == H_PARAMETER, "H_IPI to a CPU that is not there: H_PARAMETER");
	stop_listening = true;
	claim(BECOMES(is_done()), "CPU 1 is done");

	hcall(H_CPPR, 0xff);
	hcall(H_IPI, 0, 4);
	claim(arrived[0] == 0, "an IPI to oneself waits for MSR[EE]");
	mtmsr(mfmsr() | MSR_EE | MSR_RI);
	claim(BECOMES(arrived[0] == 1), "and comes then");
	mtmsr(mfmsr() & ~MSR_EE);
	masks();
	wakes();
}
