/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Drives tcevm's exerciser, a PCI function that makes DMA (vmm/pci/src/exerciser has its registers): finds it by config space,
 * assigns its BARs, lets it read and write through the default window and a dynamic one, takes its interrupts, and sees that
 * an exchange of an entry reaches the device, and that an error stops its PE (LoPAR 2.9, PCI and EEH).
 */
#include "guest.h"

#define VENDOR_DEVICE	0x7ce01d1d
#define BAR_0		0x80000000u		/* bus addresses */
#define BAR_2		0x210000000000ul
#define REGISTERS	0x200080000000ul	/* where CPUs reach BAR 0 */
#define COMMAND_ON	6			/* memory space, bus master */

#define PAGE		TCE_PAGE
#define A		0x800000ul		/* pages of RAM behind the image */
#define B		(A + 0x10000)
#define IOBA		0x10000ul
#define HIGH		0x0800000000000000ul	/* where a second window begins */
#define EXCHANGES	200

enum { ADDRESS = 0x00, LENGTH = 0x08, OPERAND = 0x10, SECOND = 0x18, PERIOD = 0x28, INTERRUPT = 0x30, COMMAND = 0x38,
       STATUS = 0x40, RESULT = 0x48, SUM = 0x50, DONE = 0x58 };
enum { READ = 1, WRITE, ADD, SWAP };
enum { COMPLETE = 1, REFUSED, IMPOSSIBLE };

static int wrong;
static uint32_t config;				/* the function's config address */
static uint32_t liobn;				/* its default window */
static uint32_t log_buffer[64];

static void check(const char *what, bool right)
{
	printf("  %-5s %s\n", right ? "ok" : "WRONG", what);
	wrong += !right;
}

static int32_t call(const char *name, uint32_t inputs, const uint32_t *input, uint32_t outputs, uint32_t *output)
{
	static uint32_t block[20];

	block[0] = be32(rtas_token(name));
	block[1] = be32(inputs);
	block[2] = be32(outputs);
	for (uint32_t n = 0; n < inputs; n++)
		block[3 + n] = be32(input[n]);
	hcall(H_RTAS, (uint64_t)block);
	for (uint32_t n = 0; n < outputs; n++)
		output[n] = be32(block[3 + inputs + n]);
	return (int32_t)output[0];
}

#define BUID (uint32_t)(machine.bridge >> 32), (uint32_t)machine.bridge

static int32_t config_read(uint32_t address, uint32_t size, uint32_t *value)
{
	uint32_t output[2];
	int32_t status = call("ibm,read-pci-config", 4, (uint32_t[]){ address, BUID, size }, 2, output);

	*value = output[1];
	return status;
}

static uint32_t config_word(uint32_t offset)
{
	uint32_t value;

	return config_read(config + offset, 4, &value) == 0 ? value : 0;
}

static void config_write(uint32_t offset, uint32_t value)
{
	uint32_t output[1];

	call("ibm,write-pci-config", 5, (uint32_t[]){ config + offset, BUID, 4, value }, 1, output);
}

/* Registers are little-endian. */
static uint64_t swap(uint64_t value)
{
	return __builtin_bswap64(be64(value));
}

static uint64_t load(uint64_t at)
{
	return swap(*(volatile uint64_t *)at);
}

static void store(uint64_t at, uint64_t value)
{
	*(volatile uint64_t *)at = swap(value);
}

static uint64_t requester(int n, uint64_t offset)
{
	return REGISTERS + 0x100 + 0x100 * n + offset;
}

static uint64_t get(int n, uint64_t offset)
{
	return load(requester(n, offset));
}

static void set(int n, uint64_t offset, uint64_t value)
{
	store(requester(n, offset), value);
}

/* Makes one operation, and returns its status. */
static uint64_t make(int command, uint64_t ioba, uint64_t length, uint64_t operand)
{
	set(0, ADDRESS, ioba);
	set(0, LENGTH, length);
	set(0, OPERAND, operand);
	set(0, COMMAND, command);
	return get(0, STATUS);
}

static volatile uint64_t *word(uint64_t at)
{
	return (volatile uint64_t *)at;
}

static int64_t put(uint32_t window, uint64_t ioba, uint64_t tce)
{
	return hcall(H_PUT_TCE, window, ioba, tce).status;
}

static bool find(void)
{
	uint32_t value;

	for (uint32_t device = 0; device < 32; device++) {
		config = device << 11;
		if (config_read(config, 4, &value) == 0 && value == VENDOR_DEVICE)
			return true;
	}
	return false;
}

static void assign(void)
{
	config_write(0x10, BAR_0);
	config_write(0x18, (uint32_t)BAR_2);
	config_write(0x1c, BAR_2 >> 32);
	config_write(0x04, COMMAND_ON);
}

static void config_space(void)
{
	uint32_t value;

	check("a register that is not aligned is refused", config_read(config + 2, 4, &value) == -3);
	check("a function that is not there is refused", config_read(config + 0x100, 4, &value) != 0);
	check("half of a register reads alike", config_read(config + 2, 2, &value) == 0 && value == VENDOR_DEVICE >> 16);
	config_write(0x10, ~0u);
	config_write(0x18, ~0u);
	check("BAR 0 has 4 KiB of 32-bit memory", config_word(0x10) == 0xfffff000);
	check("BAR 2 has 4 KiB of 64-bit memory", config_word(0x18) == 0xfffff004);
	check("a BAR that does not answer is all ones", load(REGISTERS) == ~0ul);
	assign();
	check("it answers where it was put", (uint32_t)load(REGISTERS) == 0x43584554);
	struct hcall_result inhibited = hcall(0x3c, 8, REGISTERS);	/* H_LOGICAL_CI_LOAD */
	check("the hypercall for such loads sees it too",
	      inhibited.status == H_SUCCESS && __builtin_bswap64(inhibited.r4) == load(REGISTERS));
	config_write(0x10, BAR_0 + 0x100000);
	check("and no longer when it is moved", load(REGISTERS) == ~0ul);
	check("but at its new place", (uint32_t)load(REGISTERS + 0x100000) == 0x43584554);
	config_write(0x10, BAR_0);
}

/* The PE's windows have neighbouring names; the dynamic one is the upper. */
static void windows(void)
{
	uint32_t output[6];
	const uint32_t function[] = { config, BUID };

	check("one more window can be made",
	      call("ibm,query-pe-dma-window", 3, function, 6, output) == 0 && output[1] == 1);
	check("it is made",
	      call("ibm,create-pe-dma-window", 5, (uint32_t[]){ config, BUID, 16, 28 }, 4, output) == 0 &&
	      output[2] == HIGH >> 32 && output[3] == 0);
	liobn = output[1] - 1;
	check("the bridge's own window is another one", liobn != machine.window.liobn);
	check("an entry of the new window is mapped", put(liobn + 1, HIGH, (A & ~0xfffful) | TCE_RW) == H_SUCCESS);
	check("and one of the default window", put(liobn, IOBA, A | TCE_RW) == H_SUCCESS);
}

static void transfers(void)
{
	*word(A) = swap(0x1122334455667788);
	check("a read through the default window", make(READ, IOBA, 8, 0) == COMPLETE && get(0, RESULT) == 0x1122334455667788);
	check("a read through the dynamic window", make(READ, HIGH, 8, 0) == COMPLETE && get(0, RESULT) == 0x1122334455667788);
	check("a write through it", make(WRITE, HIGH + 8, 16, 0x99) == COMPLETE && *word(A + 16) == swap(0x99));
	check("a sum over a page", make(WRITE, IOBA, PAGE, 0x0101010101010101) == COMPLETE &&
	      make(READ, IOBA, PAGE, 0) == COMPLETE && get(0, SUM) == PAGE);
	check("fetch and add", make(ADD, IOBA, 8, 4) == COMPLETE && *word(A) == swap(0x0101010101010105));
	set(0, SECOND, 7);
	check("compare and swap", make(SWAP, IOBA, 8, 0x0101010101010105) == COMPLETE && *word(A) == swap(7));
	check("no transfer beyond the mapped page", make(READ, IOBA + PAGE - 4, 8, 0) == REFUSED);
	check("no access where nothing is mapped", make(READ, 0, 8, 0) == REFUSED);
	put(liobn, IOBA + PAGE, A | TCE_READ);
	check("no write where reads are allowed", make(WRITE, IOBA + PAGE, 8, 1) == REFUSED && *word(A) == swap(7));
	check("and no such command", make(9, IOBA, 8, 0) == IMPOSSIBLE);
}

/* Every exchange is seen by the next read of the device's own clock, and the page that was replaced is not written again. */
static void exchanges(void)
{
	unsigned seen = 0, kept = 0;

	set(1, ADDRESS, IOBA);
	set(1, LENGTH, 8);
	set(1, PERIOD, 1);
	set(1, COMMAND, READ);
	for (uint64_t n = 0; n < EXCHANGES; n++) {
		uint64_t page = n % 2 ? A : B, other = n % 2 ? B : A;

		*word(page) = swap(n);
		*word(other) = swap(~n);
		if (put(liobn, IOBA, page | TCE_RW) != H_SUCCESS)
			break;
		uint64_t done = get(1, DONE);

		while (get(1, DONE) < done + 1)
			;
		seen += get(1, RESULT) == n;
		kept += make(WRITE, IOBA, 8, n + 1) == COMPLETE && *word(other) == swap(~n) && *word(page) == swap(n + 1);
	}
	set(1, COMMAND, 0);
	printf("        %u of %u exchanges seen by the clock's reads\n", seen, EXCHANGES);
	check("each exchange is seen by the device", seen == EXCHANGES);
	check("no write reaches the replaced page", kept == EXCHANGES);
}

static void interrupts(void)
{
	uint32_t output[4], source;
	uint32_t query[] = { config, BUID, 2 };

	check("vectors are given", call("ibm,change-msi", 6, (uint32_t[]){ config, BUID, 4, 3, 1 }, 4, output) == 0 && output[1] == 3);
	check("a vector has a source", call("ibm,query-interrupt-source-number", 4, query, 3, output) == 0 && output[2] == 1);
	source = output[1];
	query[3] = 3;
	check("one that was not given has none", call("ibm,query-interrupt-source-number", 4, query, 3, output) == -3);
	check("it is routed", call("ibm,set-xive", 3, (uint32_t[]){ source, 0, 5 }, 1, output) == 0);
	hcall(H_CPPR, 0xff);
	set(2, ADDRESS, IOBA);
	set(2, LENGTH, 8);
	set(2, INTERRUPT, 1);
	set(2, COMMAND, READ);
	check("a masked vector does not interrupt", (uint32_t)hcall(H_XIRR).r4 << 8 == 0);
	store(BAR_2 + 16 * 2 + 8, load(BAR_2 + 16 * 2 + 8) & 0xffffffff);	/* its mask is the upper word */
	uint64_t xirr = hcall(H_XIRR).r4;
	check("it does when it is unmasked", (xirr & 0xffffff) == source);
	hcall(H_EOI, 0xff000000 | source);
	check("and once", (hcall(H_XIRR).r4 & 0xffffff) == 0);
	set(2, COMMAND, READ);
	check("another operation interrupts again", (hcall(H_XIRR).r4 & 0xffffff) == source);
	hcall(H_EOI, 0xff000000 | source);
	set(2, INTERRUPT, 0);
}

static uint32_t state(void)
{
	uint32_t output[4];

	return call("ibm,read-slot-reset-state2", 3, (uint32_t[]){ config, BUID }, 4, output) == 0 ? output[1] : ~0u;
}

static int32_t eeh(const char *name, uint32_t option)
{
	uint32_t output[1];

	return call(name, 4, (uint32_t[]){ config, BUID, option }, 1, output);
}

static void errors(void)
{
	uint32_t output[2];
	const uint32_t detail[] = { config, BUID, 0, 0, (uint32_t)(uint64_t)log_buffer, sizeof log_buffer, 1 };

	check("the PE is not shared",
	      call("ibm,get-config-addr-info2", 4, (uint32_t[]){ config, BUID, 1 }, 2, output) == 0 && output[1] == 1);
	check("its state is normal", state() == 0);
	check("error handling is enabled", eeh("ibm,set-eeh-option", 1) == 0);
	make(READ, 0, 8, 0);
	check("an error stops it", state() == 2 && load(REGISTERS) == ~0ul);
	check("it is reported once", call("ibm,slot-error-detail", 8, detail, 1, output) == 0 &&
	      call("ibm,slot-error-detail", 8, detail, 1, output) == 1);
	check("loads and stores are released", eeh("ibm,set-eeh-option", 2) == 0 && state() == 4);
	check("DMA is still stopped", make(READ, IOBA, 8, 0) == REFUSED);
	check("the reset is asserted", eeh("ibm,set-slot-reset", 1) == 0 && state() == 1);
	check("and taken back", eeh("ibm,set-slot-reset", 0) == 0 && state() == 0);
	check("the PE is configured", call("ibm,configure-pe", 3, (uint32_t[]){ config, BUID }, 1, output) == 0);
	assign();
	check("the function has no memory of what it did", get(0, DONE) == 0);
	check("and works again", make(READ, IOBA, 8, 0) == COMPLETE);
}

static void end(void)
{
	uint32_t output[1];

	check("error handling is disabled", eeh("ibm,set-eeh-option", 0) == 0);
	check("the default window is removed",
	      call("ibm,remove-pe-dma-window", 1, &liobn, 1, output) == 0 && make(READ, IOBA, 8, 0) == REFUSED);
}

int main(void)
{
	printf(GUEST_FAMILY " guest (" GUEST_ENDIAN ") drives the exerciser\n");
	if (rtas_token("ibm,read-pci-config") == 0 || !find()) {
		printf("  this machine has no exerciser; nothing to check\n");
		return 0;
	}
	if (machine.memory_size < 2 * A)
		fail("this guest needs 16 MiB of memory (-m 16M)");
	config_space();
	windows();
	transfers();
	exchanges();
	interrupts();
	errors();
	end();
	printf(wrong ? "\nFAIL: %d answers were wrong.\n" : "\nPASS: every answer was right.\n", wrong);
	return wrong != 0;
}
