/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * H_VIO_SIGNAL (LoPAR 2.9): registering and freeing a queue disables its interrupt, and enabling it announces what is
 * queued. v-scsi (`--disk`) in the order in which Linux' ibmvscsi resets its adapter; l-lan (`--net`); the console.
 */
#include "power.h"
#include "guest.h"

#define VALID		(1ul << 63)
#define SOURCE(unit)	(0x1100 | ((unit) & 0xff))	/* of a virtual device, here and on QEMU */
#define CONSOLE		0x71000000ul
#define INITIALIZE	0xc001000000000000ul
#define INITIALIZED	0xc002

static volatile uint64_t queue[TCE_PAGE / 8] __attribute__((aligned(TCE_PAGE)));
static uint64_t lists[2][TCE_PAGE / 8] __attribute__((aligned(TCE_PAGE)));
static uint64_t buffer[TCE_PAGE / 8] __attribute__((aligned(TCE_PAGE)));

static void signals(uint64_t unit, uint64_t mode)
{
	int64_t status = hcall(H_VIO_SIGNAL, unit, mode).status;

	if (status != H_SUCCESS)
		fail("H_VIO_SIGNAL of %lx: %s", unit, status_name(status));
}

/* The source of an interrupt that comes within this part of a second, which is acknowledged; 0: none does. */
static uint32_t interrupt(unsigned part)
{
	for (uint64_t start = timebase(); timebase() - start < machine.timebase_hz / part;) {
		uint32_t xirr = (uint32_t)hcall(H_XIRR).r4;

		if (xirr & 0xffffff) {
			hcall(H_EOI, xirr);
			return xirr & 0xffffff;
		}
	}
	return 0;
}

static void quiet(const char *when)
{
	uint32_t source = interrupt(50);

	claim_of_tcevm(source == 0, "%s: no interrupt (source %x)", when, source);
}

static void announced(uint64_t unit, const char *when)
{
	uint32_t source = interrupt(1);

	claim_of_tcevm(source == SOURCE(unit), "%s: its interrupt (source %x)", when, source);
}

static void open_source(uint64_t unit)
{
	uint32_t xive[3] = { (uint32_t)SOURCE(unit), 0, 5 };

	if (rtas(rtas_token("ibm,set-xive"), 3, xive) != 0)
		fail("ibm,set-xive of source %lx", SOURCE(unit));
}

static void map(const struct vio *vio, uint64_t n, const volatile void *page)
{
	hcall(H_PUT_TCE, vio->window.liobn, vio->window.ioba + n * TCE_PAGE, (uint64_t)page | TCE_RW);
}

static void clear_queue(void)
{
	for (unsigned n = 0; n < TCE_PAGE / 8; n++)
		queue[n] = 0;
}

static void hello(const struct vio *scsi)
{
	clear_queue();
	if (hcall(H_REG_CRQ, scsi->unit, scsi->window.ioba, TCE_PAGE).status != H_SUCCESS)
		fail("H_REG_CRQ");
	if (hcall(H_SEND_CRQ, scsi->unit, INITIALIZE, 0).status != H_SUCCESS)
		fail("H_SEND_CRQ");
	claim(be64(queue[0]) >> 48 == INITIALIZED, "v-scsi: hello is answered");
}

static void scsi_claims(const struct vio *scsi)
{
	uint64_t unit = scsi->unit;

	hcall(H_FREE_CRQ, unit);
	open_source(unit);
	map(scsi, 0, queue);
	hello(scsi);
	quiet("v-scsi: registered, then hello");
	signals(unit, 1);
	announced(unit, "v-scsi: registered, hello, then enabled");
	signals(unit, 1);
	quiet("v-scsi: enabled twice");
	signals(unit, 0);
	signals(unit, 1);
	announced(unit, "v-scsi: enabled again with the answer still there");
	clear_queue();
	signals(unit, 0);
	signals(unit, 1);
	quiet("v-scsi: enabled again after the answer was taken");

	hcall(H_FREE_CRQ, unit);
	hello(scsi);
	quiet("v-scsi: freed while enabled, registered, hello");
	signals(unit, 1);
	announced(unit, "v-scsi: then enabled");
	hcall(H_FREE_CRQ, unit);
	signals(unit, 1);
	quiet("v-scsi: enabled without a queue");
	signals(unit, 0);
}

static int64_t open_lan(const struct vio *lan)
{
	uint64_t ioba = lan->window.ioba, descriptor = VALID | (uint64_t)TCE_PAGE << 32;

	clear_queue();
	return hcall(H_REGISTER_LOGICAL_LAN, lan->unit, ioba, descriptor | (ioba + 2 * TCE_PAGE), ioba + TCE_PAGE,
		     0x525400000001).status;
}

/* Has an entry put: a buffer goes in, and comes back without a message. */
static void entry(const struct vio *lan)
{
	uint64_t ioba = lan->window.ioba + 3 * TCE_PAGE;

	if (hcall(H_ADD_LOGICAL_LAN_BUFFER, lan->unit, VALID | 2048ul << 32 | ioba).status != H_SUCCESS)
		fail("H_ADD_LOGICAL_LAN_BUFFER");
	if (hcall(H_FREE_LOGICAL_LAN_BUFFER, lan->unit, 2048).status != H_SUCCESS)
		fail("H_FREE_LOGICAL_LAN_BUFFER");
}

static void lan_claims(const struct vio *lan)
{
	uint64_t unit = lan->unit;

	hcall(H_FREE_LOGICAL_LAN, unit);
	open_source(unit);
	map(lan, 0, lists[0]);
	map(lan, 1, lists[1]);
	map(lan, 2, queue);
	map(lan, 3, buffer);
	claim(open_lan(lan) == H_SUCCESS, "l-lan: it is registered");
	entry(lan);
	quiet("l-lan: an entry after the registration");
	signals(unit, 1);
	announced(unit, "l-lan: then enabled");
	entry(lan);
	announced(unit, "l-lan: an entry while enabled");
	signals(unit, 0);
	signals(unit, 1);
	quiet("l-lan: enabled again, and nothing came");
	signals(unit, 0);
	entry(lan);
	hcall(H_FREE_LOGICAL_LAN, unit);
	claim(open_lan(lan) == H_SUCCESS, "l-lan: it is registered again");
	signals(unit, 1);
	quiet("l-lan: what came to the queue before is forgotten");
	hcall(H_FREE_LOGICAL_LAN, unit);
	signals(unit, 0);
}

int main(void)
{
	int64_t status;

	hcall(H_CPPR, 0xff);
	status = hcall(H_VIO_SIGNAL, CONSOLE, 0).status;
	claim_of_tcevm(status == H_SUCCESS, "console: H_VIO_SIGNAL disables: %s", status_name(status));
	status = hcall(H_VIO_SIGNAL, CONSOLE, 1).status;
	claim_of_tcevm(status == H_SUCCESS, "console: H_VIO_SIGNAL enables: %s", status_name(status));
	status = hcall(H_VIO_SIGNAL, CONSOLE + 0x99, 1).status;
	claim(status == H_PARAMETER, "no device: H_VIO_SIGNAL: %s", status_name(status));
	if (machine.scsi.unit)
		scsi_claims(&machine.scsi);
	if (machine.lan.unit)
		lan_claims(&machine.lan);
	return claims_verdict();
}
