/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The few facts that guests need from the flattened device tree (Devicetree Specification 0.4, chapter 5). */
#include "power.h"

#define FDT_MAGIC	0xd00dfeed
#define FDT_BEGIN_NODE	1
#define FDT_END_NODE	2
#define FDT_PROP	3
#define FDT_NOP		4

struct header {
	uint32_t magic, totalsize, off_struct, off_strings;
};

struct property {
	int depth;			/* of its node; the root is 1 */
	const char *node;		/* name with unit address */
	const char *name;
	const uint32_t *value;		/* big-endian cells, or text */
	uint32_t length;		/* bytes */
};

static uint64_t cells2(const uint32_t *cells)
{
	return (uint64_t)be32(cells[0]) << 32 | be32(cells[1]);
}

static bool in_node(const struct property *p, const char *name)
{
	size_t length = strlen(name);

	return strncmp(p->node, name, length) == 0 && (p->node[length] == '\0' || p->node[length] == '@');
}

static bool is(const struct property *p, const char *name, uint32_t length)
{
	return strcmp(p->name, name) == 0 && p->length >= length;
}

static uint32_t servers;

/* A window's LIOBN and then two cells for each number. */
static struct dma_window window(const uint32_t *cells)
{
	return (struct dma_window){ be32(cells[0]), cells2(cells + 1), cells2(cells + 3) };
}

/* The first device of a kind has its unit address before its window. */
static void take_vio(struct vio *vio, const struct property *p)
{
	if (is(p, "reg", 4) && vio->unit == 0)
		vio->unit = be32(p->value[0]);
	else if (is(p, "ibm,my-dma-window", 20) && vio->window.size == 0)
		vio->window = window(p->value);
}

/* A node that names its memory "reg" and a bridge's window "ibm,dma-window" both use two cells a number. */
static void take(const struct property *p, void *unused)
{
	(void)unused;
	if (p->depth == 1 && is(p, "model", 1))
		machine.model = (const char *)p->value;
	else if (in_node(p, "chosen") && is(p, "bootargs", 1))
		machine.bootargs = (const char *)p->value;
	else if (in_node(p, "memory") && is(p, "reg", 16))
		machine.memory_size += cells2(p->value + 2);
	else if (in_node(p, "rtas") && is(p, "power-off", 4))
		machine.rtas_power_off = be32(p->value[0]);
	else if (in_node(p, "rtas") && is(p, "start-cpu", 4))
		machine.rtas_start_cpu = be32(p->value[0]);
	else if (is(p, "ibm,ppc-interrupt-server#s", 4))
		servers += p->length / 4;	/* the threads of a core */
	else if (in_node(p, "pci") && is(p, "reg", 8) && machine.bridge == 0)
		machine.bridge = cells2(p->value);
	else if (is(p, "timebase-frequency", 4))
		machine.timebase_hz = be32(p->value[0]);
	else if (is(p, "ibm,dma-window", 20) && machine.window.size == 0)
		machine.window = window(p->value);
	else if (in_node(p, "l-lan"))
		take_vio(&machine.lan, p);
	else if (in_node(p, "v-scsi"))
		take_vio(&machine.scsi, p);
}

static const uint32_t *skip(const uint32_t *at, uint32_t bytes)
{
	return at + (bytes + 3) / 4;
}

/* Calls `each` with every property, in order. */
static void walk(const void *blob, void (*each)(const struct property *, void *), void *with)
{
	const struct header *header = blob;
	const uint32_t *at = blob + be32(header->off_struct);
	struct property p = { 0 };

	for (;;) {
		switch (be32(*at++)) {
		case FDT_BEGIN_NODE:
			p.depth++;
			p.node = (const char *)at;
			at = skip(at, (uint32_t)strlen(p.node) + 1);
			break;
		case FDT_PROP:
			p.length = be32(at[0]);
			p.name = (const char *)blob + be32(header->off_strings) + be32(at[1]);
			p.value = at + 2;
			at = skip(p.value, p.length);
			each(&p, with);
			break;
		case FDT_END_NODE:
			p.depth--;	/* properties come before child nodes, so p.node is not needed again */
			break;
		case FDT_NOP:
			break;
		default:
			return;		/* FDT_END */
		}
	}
}

static const void *device_tree;

void read_device_tree(const void *blob)
{
	const struct header *header = blob;

	if (be32(header->magic) != FDT_MAGIC)
		fail("r3 was %#lx at entry: there is no flattened device tree", (uint64_t)blob);
	device_tree = blob;
	walk(blob, take, NULL);
	machine.cpus = servers;
}

struct wanted {
	const char *name;
	uint32_t token;
};

static void match(const struct property *p, void *with)
{
	struct wanted *wanted = with;
	bool named = strncmp(p->name, wanted->name, strlen(wanted->name)) == 0;

	if (wanted->token == 0 && in_node(p, "rtas") && named && p->length == 4)
		wanted->token = be32(p->value[0]);
}

uint32_t rtas_token(const char *name)
{
	struct wanted wanted = { name, 0 };

	walk(device_tree, match, &wanted);
	return wanted.token;
}
