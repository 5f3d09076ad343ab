/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* v-scsi (LoPAR 2.9, "Virtual SCSI", and the SCSI RDMA Protocol). */
#include "mad.h"

#define QUEUE		page_at(0)
#define ENTRIES		(TCE_PAGE / 16)
#define IU_PAGE		1u
#define TABLE_PAGE	2u
#define DATA_PAGE	8u
#define BLOCK		512u
#define SECONDS		5

/* Entries of the queue (LoPAR 2.9, "CRQ Entry"), and types of information units. */
#define INITIALIZE	0xc001000000000000ul
#define INITIALIZED	0xc002
#define SRP		0x8001000000000000ul
#define PING		0x800600f500000000ul
#define PING_RESPONSE	0x800600f6
#define TRANSPORT	0xff
#define LOGIN_RSP	0xc0
#define RSP		0xc1
#define COMMAND_LENGTH	48u

static unsigned at;			/* the entry that comes next */

static int64_t reg(const struct vio *vio, uint64_t queue, uint64_t length)
{
	return hcall(H_REG_CRQ, vio->unit, queue, length).status;
}

static int64_t send(const struct vio *vio, uint64_t high, uint64_t low)
{
	return hcall(H_SEND_CRQ, vio->unit, high, low).status;
}

/* The first 8 bytes of the next entry of the queue, which is taken; 0: nothing came. */
static uint64_t next_entry(void)
{
	volatile uint64_t *entry = (uint64_t *)page(0) + 2 * at;
	uint64_t start = timebase(), got;

	while ((got = be64(*entry)) == 0)
		if (timebase() - start > SECONDS * machine.timebase_hz)
			return 0;
	__asm__ volatile("lwsync" : : : "memory");
	*entry = 0;
	at = (at + 1) % ENTRIES;
	return got;
}

static bool begin(const struct vio *vio)
{
	memset(page(0), 0, TCE_PAGE);
	at = 0;
	return reg(vio, QUEUE, TCE_PAGE) == H_SUCCESS && send(vio, INITIALIZE, 0) == H_SUCCESS
		&& next_entry() >> 48 == INITIALIZED;
}

static bool alive(const struct vio *vio)
{
	return send(vio, PING, 0) == H_SUCCESS && next_entry() >> 32 == PING_RESPONSE;
}

static uint8_t *new_iu(uint8_t type)
{
	uint8_t *iu = page(IU_PAGE);

	memset(iu, 0, 256);
	iu[0] = type;
	return iu;
}

/* Sends the information unit; the type of the one that answers it, which lies where it was. */
static uint8_t ask(const struct vio *vio, uint64_t length)
{
	uint64_t entry;

	if (send(vio, SRP | length, page_at(IU_PAGE)) != H_SUCCESS)
		return 0;
	entry = next_entry();
	return entry >> 56 == 0x80 ? *(volatile uint8_t *)page(IU_PAGE) : (uint8_t)(entry >> 56);
}

static bool login(const struct vio *vio)
{
	uint8_t *iu = new_iu(0);

	put32(iu + 16, 256);
	iu[25] = 6;			/* direct and indirect descriptors */
	return ask(vio, 64) == LOGIN_RSP;
}

/* READ(10) or WRITE(10) of `blocks` blocks from block 0. */
static uint8_t *transfer(uint8_t opcode, uint16_t blocks)
{
	uint8_t *iu = new_iu(2);

	iu[20] = 0x80;			/* LUN: target 0 */
	iu[32] = opcode;
	iu[39] = (uint8_t)(blocks >> 8);
	iu[40] = (uint8_t)blocks;
	return iu;
}

#define READ	0x28
#define WRITE	0x2a
#define GOOD	0
#define CHECK	2

static void describe(uint8_t *to, uint64_t ioba, uint32_t length)
{
	put64(to, ioba);
	put32(to + 8, 0);
	put32(to + 12, length);
}

/* The SCSI status of a command with one data buffer; -1: it was not answered. */
static int direct(const struct vio *vio, uint8_t opcode, uint16_t blocks, uint64_t ioba, uint32_t length)
{
	uint8_t *iu = transfer(opcode, blocks);

	iu[5] = opcode == READ ? 0x01 : 0x10;
	describe(iu + 48, ioba, length);
	return ask(vio, COMMAND_LENGTH + 16) == RSP ? iu[19] : -1;
}

/* A transfer by a table of descriptors elsewhere. */
static int indirect(const struct vio *vio, uint64_t table, uint32_t bytes, uint32_t total)
{
	uint8_t *iu = transfer(READ, 16);

	iu[5] = 0x02;
	describe(iu + 48, table, bytes);
	put32(iu + 64, total);
	return ask(vio, COMMAND_LENGTH + 20) == RSP ? iu[19] : -1;
}

static void refuses_queue(const struct vio *vio, uint64_t queue, uint64_t length, const char *what)
{
	int64_t status = reg(vio, queue, length);

	claim(status == H_PARAMETER, "H_REG_CRQ, %s: %s", what, status_name(status));
}

static void queues(const struct vio *vio)
{
	int64_t status = send(vio, INITIALIZE, 0);

	claim(status == H_CLOSED, "H_SEND_CRQ without a queue: %s", status_name(status));
	refuses_queue(vio, NOWHERE, TCE_PAGE, "not mapped");
	refuses_queue(vio, NOWHERE - TCE_PAGE, TCE_PAGE, "may only be read");
	refuses_queue(vio, QUEUE + 16, TCE_PAGE, "not aligned");
	refuses_queue(vio, QUEUE, 0, "no length");
	refuses_queue(vio, QUEUE, 2048, "half a page");
	refuses_queue(vio, QUEUE, vio->window.size, "its end not mapped");
	refuses_queue(vio, vio->window.size, TCE_PAGE, "behind the window");
	refuses_queue(vio, -4096ul, 2 * TCE_PAGE, "wraps");
	refuses_queue(vio, QUEUE, -4096ul, "a length that wraps");
	claim(begin(vio), "a queue is registered, and the handshake is answered");
	status = reg(vio, QUEUE, TCE_PAGE);
	claim(status == H_RESOURCE, "H_REG_CRQ once more: %s", status_name(status));
	status = send(vio, 0, 0);
	claim(status == H_PARAMETER, "an entry that is not valid: %s", status_name(status));
	status = send(vio, 0xff06ul << 48, 0);
	claim(status == H_PARAMETER, "a transport event, which only the platform sends: %s", status_name(status));
}

/* A breach of the protocol ends the connection, and the next handshake begins another. */
static void violations(const struct vio *vio)
{
	static const struct { uint64_t length, ioba; const char *what; } ius[] = {
		{ 64, NOWHERE, "not mapped" }, { 64, -16ul, "that wraps" }, { 0, page_at(IU_PAGE), "of no length" },
		{ 0xffff, page_at(IU_PAGE), "of 64 KiB" }, { 64, page_at(IU_PAGE), "of a type that does not exist" },
	};

	for (unsigned n = 0; n < sizeof(ius) / sizeof(ius[0]); n++) {
		new_iu(0x77);
		send(vio, SRP | ius[n].length, ius[n].ioba);
		claim(next_entry() >> 56 == TRANSPORT, "an information unit %s ends the connection", ius[n].what);
		claim(send(vio, INITIALIZE, 0) == H_SUCCESS && next_entry() >> 48 == INITIALIZED, "another begins");
	}
}

static void data(const struct vio *vio)
{
	uint64_t locked = page_at(ARENA_PAGES), bus = page_at(DATA_PAGE);
	uint8_t *table = page(TABLE_PAGE);
	int status;

	claim(login(vio), "a login is answered");
	claim(direct(vio, READ, 8, bus, 8 * BLOCK) == GOOD, "8 blocks are read");
	claim(direct(vio, READ, 8, NOWHERE, 8 * BLOCK) == CHECK, "not into what is not mapped");
	claim(direct(vio, READ, 8, locked, 8 * BLOCK) == CHECK, "not into what may only be read");
	claim(direct(vio, WRITE, 8, locked, 8 * BLOCK) == GOOD, "8 blocks are written from there");
	claim(direct(vio, READ, 4096, vio->window.size - BLOCK, 0xffffffff) == CHECK, "not beyond the window");
	claim(direct(vio, READ, 8, -512ul, 8 * BLOCK) == CHECK, "not around the end of addresses");
	claim(direct(vio, READ, 0xffff, bus, 0xffffffff) == CHECK, "not more than the disk says it can");
	claim(direct(vio, WRITE, 8, bus, 16) == CHECK, "not written with 16 bytes of data");

	/* Tables: one that is itself where the data goes, one in which all are the same page, and bad ones. */
	for (unsigned n = 0; n < 16; n++)
		describe(table + 16 * n, bus, BLOCK);
	claim(indirect(vio, page_at(TABLE_PAGE), 256, 16 * BLOCK) == GOOD, "descriptors that overlap");
	for (unsigned n = 0; n < 16; n++)
		describe(table + 16 * n, page_at(TABLE_PAGE), BLOCK);
	status = indirect(vio, page_at(TABLE_PAGE), 256, 16 * BLOCK);
	claim(status == GOOD, "data over the table of its descriptors");
	claim(indirect(vio, NOWHERE, 256, 16 * BLOCK) == CHECK, "a table that is not mapped");
	claim(indirect(vio, page_at(TABLE_PAGE), 0xfffffff0, 0xffffffff) == CHECK, "a table of 4 GiB");
	claim(indirect(vio, page_at(TABLE_PAGE), 24, 16 * BLOCK) == CHECK, "one and a half descriptors");
	status = indirect(vio, page_at(IU_PAGE) + 48, 16, 16 * BLOCK);
	claim(status == GOOD || status == CHECK, "a descriptor that describes itself");
	claim(alive(vio), "the adapter still answers");

	/* Data over the queue: what comes out is the guest's affair, the adapter's is to go on. */
	direct(vio, READ, 8, QUEUE, 8 * BLOCK);
	claim(hcall(H_FREE_CRQ, vio->unit).status == H_SUCCESS, "H_FREE_CRQ after data went over the queue");
}

static void replaced(const struct vio *vio)
{
	unsigned answered = 0;

	claim(begin(vio) && login(vio), "a new connection");
	replace_meanwhile(vio, DATA_PAGE);
	for (unsigned n = 0; n < 200; n++) {
		int status = direct(vio, n % 2 ? READ : WRITE, 256, page_at(DATA_PAGE + n % 8), 256 * BLOCK);

		answered += status == GOOD || status == CHECK;
	}
	replace_meanwhile(NULL, 0);
	claim(answered == 200, "%u of 200 requests are answered while their entries are replaced", answered);
	map_all(vio);
	claim(direct(vio, READ, 256, page_at(DATA_PAGE), 256 * BLOCK) == GOOD, "the next one is good");
}

static void after_the_end(const struct vio *vio)
{
	uint64_t *queue = page(0);
	bool untouched = true;
	int64_t status;

	for (unsigned n = 0; n < 32; n++) {
		transfer(READ, 4096);
		send(vio, SRP | (COMMAND_LENGTH + 16), page_at(IU_PAGE));
	}
	while ((status = hcall(H_FREE_CRQ, vio->unit).status) == H_LONG_BUSY_ORDER_10_MSEC)
		;
	claim(status == H_SUCCESS, "H_FREE_CRQ with 32 requests outstanding: %s", status_name(status));
	memset(queue, 0, TCE_PAGE);
	status = send(vio, PING, 0);
	claim(status == H_CLOSED, "H_SEND_CRQ after the end: %s", status_name(status));
	for (uint64_t start = timebase(); timebase() - start < machine.timebase_hz / 10;)
		;
	for (unsigned n = 0; n < TCE_PAGE / 8; n++)
		untouched &= ((volatile uint64_t *)queue)[n] == 0;
	claim(untouched, "the queue is not touched afterwards");
}

void scsi_claims(const struct vio *vio)
{
	hcall(H_FREE_CRQ, vio->unit);
	map_all(vio);
	queues(vio);
	violations(vio);
	data(vio);
	replaced(vio);
	after_the_end(vio);
}

/* Needs no queue, and does not look at the answers. */
static int64_t login_blindly(const struct vio *vio)
{
	uint8_t *iu = new_iu(0);

	put32(iu + 16, 256);
	iu[25] = 6;
	send(vio, INITIALIZE, 0);
	return send(vio, SRP | 64, page_at(IU_PAGE));
}

int64_t scsi_random(const struct vio *vio)
{
	uint64_t n = random_next();
	unsigned where = 2 + (n >> 8) % 30;
	uint8_t *iu = page(where);

	switch (n % 64) {
	case 0: return reg(vio, random_value(vio), random_value(vio));
	case 1: return reg(vio, page_at(n >> 16 & 7), TCE_PAGE);
	case 2: return n >> 16 & 7 ? H_SUCCESS : hcall(H_FREE_CRQ, vio->unit).status;
	case 3: return hcall(H_ENABLE_CRQ, vio->unit).status;
	case 4: return hcall(H_VIO_SIGNAL, vio->unit, random_value(vio)).status;
	case 5: return send(vio, random_value(vio), random_value(vio));
	case 6: return hcall(H_SEND_CRQ, random_value(vio), SRP, page_at(1)).status;
	case 7: case 8: return send(vio, PING, 0);
	case 9: memset(page(n >> 16 & 7), 0, TCE_PAGE); return H_SUCCESS;
	case 10: case 11: case 12: case 13: return login_blindly(vio);
	}
	memset(iu, 0, 256);
	if (n >> 16 & 7) {
		static const uint8_t opcodes[] = { READ, WRITE, 0x12, 0xa0, 0x25, 0x35, 0x42, 0x88, 0x1a, 0x5a, 0 };

		iu[0] = n >> 20 & 7 ? 2 : (uint8_t)(n >> 24 & 7);
		iu[5] = n >> 32 & 1 ? 0x01 : (uint8_t)(n >> 40);
		iu[6] = n >> 48 & 1;
		iu[7] = n >> 49 & 3;
		put32(iu + 16, 256);
		iu[20] = n >> 51 & 7 ? 0x80 : (uint8_t)n;
		iu[25] = 6;
		iu[32] = opcodes[random_next() % sizeof(opcodes)];
		put32(iu + 36, (uint32_t)random_next() & 0xffff);
		for (unsigned i = 48; i < 240; i += 16)
			describe(iu + i, random_value(vio), (uint32_t)random_value(vio) % 65536);
	} else {
		for (unsigned i = 0; i < 256; i++)
			iu[i] = (uint8_t)random_next();
	}
	return send(vio, (n >> 60 ? 0x8001ul : 0x8002ul) << 48 | (n >> 56 & 7 ? 240 : random_next() & 0xffff),
		    page_at(where));
}
