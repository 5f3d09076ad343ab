/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* l-lan (LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option"). */
#include "mad.h"

#define VALID		(1ul << 63)
#define LIST		page_at(0)
#define FILTERS		page_at(1)
#define QUEUE		page_at(2)
#define BUFFER		page_at(3)
#define MAC		0x525400000001ul

static uint64_t buffer(uint64_t length, uint64_t ioba)
{
	return VALID | (length & 0xffffff) << 32 | (ioba & 0xffffffff);
}

static int64_t open_lan(const struct vio *vio, uint64_t list, uint64_t queue, uint64_t filters)
{
	return hcall(H_REGISTER_LOGICAL_LAN, vio->unit, list, queue, filters, MAC).status;
}

static void refuses_open(const struct vio *vio, uint64_t list, uint64_t queue, uint64_t filters, const char *what)
{
	int64_t status = open_lan(vio, list, queue, filters);

	claim(status == H_PARAMETER, "H_REGISTER_LOGICAL_LAN, %s: %s", what, status_name(status));
}

static void refuses_buffer(const struct vio *vio, uint64_t descriptor, const char *what)
{
	int64_t status = hcall(H_ADD_LOGICAL_LAN_BUFFER, vio->unit, descriptor).status;

	claim(status == H_PARAMETER, "H_ADD_LOGICAL_LAN_BUFFER, %s: %s", what, status_name(status));
}

static int64_t send(const struct vio *vio, uint64_t one, uint64_t two)
{
	uint64_t r[10] = { H_SEND_LOGICAL_LAN, vio->unit, one, two };

	hcall_regs(r);
	return (int64_t)r[0];
}

static void refuses_frame(const struct vio *vio, uint64_t one, uint64_t two, const char *what)
{
	int64_t status = send(vio, one, two);

	claim(status == H_PARAMETER, "H_SEND_LOGICAL_LAN, %s: %s", what, status_name(status));
}

static void closed(const struct vio *vio, const char *when)
{
	int64_t add = hcall(H_ADD_LOGICAL_LAN_BUFFER, vio->unit, buffer(2048, BUFFER)).status;
	int64_t sent = send(vio, buffer(64, BUFFER), 0);

	claim(add == H_RESOURCE, "a buffer %s: %s", when, status_name(add));
	claim(sent == H_DROPPED, "a frame %s: %s", when, status_name(sent));
}

void lan_claims(const struct vio *vio)
{
	uint64_t queue = buffer(4096, QUEUE), locked = page_at(ARENA_PAGES);
	int64_t status;

	map_all(vio);
	hcall(H_FREE_LOGICAL_LAN, vio->unit);
	closed(vio, "before the registration");
	refuses_open(vio, NOWHERE, queue, FILTERS, "a buffer list that is not mapped");
	refuses_open(vio, LIST + 8, queue, FILTERS, "a buffer list that is not aligned");
	refuses_open(vio, locked, queue, FILTERS, "a buffer list that may only be read");
	refuses_open(vio, -4096ul, queue, FILTERS, "a buffer list behind the window");
	refuses_open(vio, LIST, queue, NOWHERE, "a filter list that is not mapped");
	refuses_open(vio, LIST, queue, locked, "a filter list that may only be read");
	refuses_open(vio, LIST, queue & ~VALID, FILTERS, "a queue that is not valid");
	refuses_open(vio, LIST, buffer(0, QUEUE), FILTERS, "a queue of no length");
	refuses_open(vio, LIST, buffer(24, QUEUE), FILTERS, "a queue of one and a half entries");
	refuses_open(vio, LIST, buffer(4096, QUEUE + 8), FILTERS, "a queue that is not aligned");
	refuses_open(vio, LIST, buffer(4096, NOWHERE - 2048), FILTERS, "a queue that ends in nothing");
	refuses_open(vio, LIST, buffer(0xfffff0, 0xfffffff0), FILTERS, "a queue that wraps");
	status = open_lan(vio, LIST, queue, FILTERS);
	claim(status == H_SUCCESS, "H_REGISTER_LOGICAL_LAN: %s", status_name(status));
	status = open_lan(vio, LIST, queue, FILTERS);
	claim(status == H_RESOURCE, "H_REGISTER_LOGICAL_LAN once more: %s", status_name(status));

	refuses_buffer(vio, buffer(2048, BUFFER) & ~VALID, "not valid");
	refuses_buffer(vio, buffer(8, BUFFER), "8 bytes");
	refuses_buffer(vio, buffer(2048, BUFFER + 2), "not aligned");
	refuses_buffer(vio, buffer(2048, NOWHERE), "not mapped");
	refuses_buffer(vio, buffer(4096, NOWHERE - 2048), "its end not mapped");
	refuses_buffer(vio, buffer(2048, locked), "may only be read");
	refuses_buffer(vio, buffer(0xffffff, 0xfffffffc), "wraps");
	refuses_frame(vio, buffer(64, NOWHERE), 0, "not mapped");
	refuses_frame(vio, buffer(64, BUFFER), buffer(64, NOWHERE), "its second part not mapped");
	refuses_frame(vio, buffer(64, BUFFER) & ~VALID, 0, "not valid");
	refuses_frame(vio, buffer(13, BUFFER), 0, "13 bytes");
	refuses_frame(vio, buffer(0xffffff, AT), 0, "16 MiB");
	refuses_frame(vio, buffer(64, 0xffffffff), 0, "wraps");

	/* A list that was good when it was registered. */
	hcall(H_PUT_TCE, vio->window.liobn, LIST, 0);
	hcall(H_PUT_TCE, vio->window.liobn, QUEUE, 0);
	status = hcall(H_ADD_LOGICAL_LAN_BUFFER, vio->unit, buffer(2048, BUFFER)).status;
	claim(status == H_SUCCESS, "a buffer when list and queue are not mapped any more: %s", status_name(status));
	status = hcall(H_FREE_LOGICAL_LAN, vio->unit).status;
	claim(status == H_SUCCESS, "H_FREE_LOGICAL_LAN: %s", status_name(status));
	closed(vio, "after the end");
}

int64_t lan_random(const struct vio *vio)
{
	static const uint64_t calls[] = {
		H_ADD_LOGICAL_LAN_BUFFER, H_ADD_LOGICAL_LAN_BUFFER, H_SEND_LOGICAL_LAN, H_SEND_LOGICAL_LAN,
		H_FREE_LOGICAL_LAN_BUFFER, H_MULTICAST_CTRL, H_CHANGE_LOGICAL_LAN_MAC, H_ILLAN_ATTRIBUTES, H_VIO_SIGNAL,
	};
	uint64_t r[10] = { calls[random_next() % (sizeof(calls) / sizeof(calls[0]))], vio->unit };
	uint64_t n = random_next();

	for (unsigned i = 2; i < 10; i++)
		r[i] = n >> i & 1 ? buffer(random_next() % 4096, random_value(vio)) : random_value(vio);
	if (n % 64 == 0)
		return open_lan(vio, random_value(vio), n >> 16 & 1 ? buffer(4096, QUEUE) : r[2], random_value(vio));
	if (n % 64 == 1)
		return open_lan(vio, LIST, buffer(4096, QUEUE), FILTERS);
	if (n % 256 == 2)
		return hcall(H_FREE_LOGICAL_LAN, vio->unit).status;
	if (n % 32 == 3)
		r[1] = random_value(vio);	/* another unit */
	if (r[0] == H_SEND_LOGICAL_LAN)
		r[8] = n >> 20 & 7 ? 0 : r[8];	/* the continue token */
	hcall_regs(r);
	return (int64_t)r[0];
}
