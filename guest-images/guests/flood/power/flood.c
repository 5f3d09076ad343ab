/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Messages for the host's log, as many as it takes: error-log datagrams of v-scsi, then violations of its protocol
 * (LoPAR 2.9, "VSCSI Management Datagrams (MADs)" and "Command/Response Queue"). `messages=n` says how many of each.
 */
#include "guest.h"

#define PAGES		((char *)0x800000)	/* RAM behind the image: the queue, the datagram, its buffer */
#define BUS		0x100000ul
#define BUFFER		(BUS + 2 * TCE_PAGE)
#define ENTRIES		(TCE_PAGE / 16)
#define SECONDS		10

#define INITIALIZE	0xc001000000000000ul
#define INITIALIZED	0xc002
#define MAD		0x8002000000000000ul
#define ANSWER		0x80
#define TRANSPORT	0xff
#define ERROR_LOG	2
#define MAD_LENGTH	32
#define TEXT_LENGTH	128
#define ESCAPE		0x1b			/* the log must not pass it on as it is */

static unsigned at;

/* The first 8 bytes of the queue's next entry, which is taken; 0: nothing came. */
static uint64_t next_entry(void)
{
	volatile uint64_t *entry = (uint64_t *)PAGES + 2 * at;
	uint64_t start = timebase(), got;

	while ((got = be64(*entry)) == 0)
		if (timebase() - start > SECONDS * machine.timebase_hz)
			return 0;
	__asm__ volatile("lwsync" : : : "memory");
	*entry = 0;
	at = (at + 1) % ENTRIES;
	return got;
}

static bool send(uint64_t high, uint64_t low)
{
	return hcall(H_SEND_CRQ, machine.scsi.unit, high, low).status == H_SUCCESS;
}

static bool greet(void)
{
	return send(INITIALIZE, 0) && next_entry() >> 48 == INITIALIZED;
}

static bool log_an_error(void)
{
	uint32_t *mad = (uint32_t *)(PAGES + TCE_PAGE);
	uint64_t buffer = be64(BUFFER);

	memset(mad, 0, MAD_LENGTH);
	mad[0] = be32(ERROR_LOG);
	mad[1] = be32(TEXT_LENGTH);		/* status, length */
	memcpy(mad + 4, &buffer, sizeof(buffer));
	return send(MAD | MAD_LENGTH, BUS + TCE_PAGE) && next_entry() >> 56 == ANSWER;
}

/* A datagram without a length: the server closes its side, and wants to be greeted again. */
static bool break_the_protocol(void)
{
	return send(MAD, BUS + TCE_PAGE) && next_entry() >> 56 == TRANSPORT && greet();
}

int main(void)
{
	uint64_t messages = bootargs_number("messages", 1000);
	const struct dma_window *window = &machine.scsi.window;

	if (machine.scsi.unit == 0) {
		printf("there is no disk (--disk) whose adapter could be asked; nothing to do\n");
		return 0;
	}
	for (unsigned n = 0; n < 3; n++)
		if (hcall(H_PUT_TCE, window->liobn, BUS + n * TCE_PAGE, (uint64_t)PAGES + n * TCE_PAGE + TCE_RW).status)
			fail("page %u cannot be mapped", n);
	memset(PAGES, 0, TCE_PAGE);
	memset(PAGES + 2 * TCE_PAGE, ESCAPE, TCE_PAGE);
	if (hcall(H_REG_CRQ, machine.scsi.unit, BUS, TCE_PAGE).status || !greet())
		fail("there is no connection");
	for (uint64_t n = 0; n < messages; n++)
		if (!log_an_error() || !break_the_protocol())
			fail("message %lu was not answered", n);
	printf("%lu messages of each kind\n", messages);
	return 0;
}
