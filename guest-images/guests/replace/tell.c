/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Makes the calls of the demonstration, checks each answer and prints the line about it. */
#include "tell.h"

static unsigned answers, wrong, accepted, accepted_before;

/* Only our own machine is held to our own choices where implementations differ. */
static bool strict(void)
{
	return strncmp(machine.model, "tcevm", 5) == 0;
}

void chapter(const char *title)
{
	accepted_before = accepted;
	printf("\n%s\n", title);
}

static void tell(const char *call, int64_t status, const char *meaning)
{
	printf("  %-43s -> %-11s  %s\n", call, status_name(status), meaning);
	answers++;
}

static void complain(int64_t status, int64_t expected)
{
	wrong++;
	printf("    ^ WRONG: the status is %ld, it must be %ld (%s)\n", status, expected, status_name(expected));
}

/* A call with one right answer. */
static void one_way(const char *call, int64_t status, int64_t expected, const char *meaning)
{
	tell(call, status, meaning);
	if (status != expected)
		complain(status, expected);
}

/* A call that tcevm refuses, and that others may accept. */
static void two_ways(const char *call, int64_t status, int64_t refusal, const char *why, const char *other)
{
	char meaning[80];

	if (status != H_SUCCESS || strict()) {
		one_way(call, status, refusal, why);
		return;
	}
	accepted++;
	snprintf(meaning, sizeof(meaning), "%s (%s)", why, other);
	tell(call, status, meaning);
}

static void describe_put(char *to, size_t size, uint64_t liobn, uint64_t ioba, uint64_t tce)
{
	if (liobn != machine.window.liobn)
		snprintf(to, size, "H_PUT_TCE  liobn %#-10lx  tce %#lx", liobn, tce);
	else
		snprintf(to, size, "H_PUT_TCE  ioba %#-11lx  tce %#lx", ioba, tce);
}

void put_tce(uint64_t ioba, uint64_t tce, const char *meaning)
{
	char call[64];

	describe_put(call, sizeof(call), machine.window.liobn, ioba, tce);
	one_way(call, hcall(H_PUT_TCE, machine.window.liobn, ioba, tce).status, H_SUCCESS, meaning);
}

void refused_put(const char *why, uint64_t liobn, uint64_t ioba, uint64_t tce)
{
	char call[64];

	describe_put(call, sizeof(call), liobn, ioba, tce);
	one_way(call, hcall(H_PUT_TCE, liobn, ioba, tce).status, H_PARAMETER, why);
}

void varied_put(const char *why, uint64_t ioba, uint64_t tce, const char *other)
{
	char call[64];

	describe_put(call, sizeof(call), machine.window.liobn, ioba, tce);
	two_ways(call, hcall(H_PUT_TCE, machine.window.liobn, ioba, tce).status, H_PARAMETER, why, other);
}

void get_tce(uint64_t ioba, uint64_t tce, const char *meaning)
{
	struct hcall_result got = hcall(H_GET_TCE, machine.window.liobn, ioba);
	char call[64];

	snprintf(call, sizeof(call), "H_GET_TCE  ioba %#-11lx  is  %#lx", ioba, got.r4);
	one_way(call, got.status, H_SUCCESS, meaning);
	if (got.status == H_SUCCESS && got.r4 != tce) {
		wrong++;
		printf("    ^ WRONG: it must be %#lx\n", tce);
	}
}

void refused_get(const char *why, uint64_t liobn, uint64_t ioba)
{
	char call[64];

	snprintf(call, sizeof(call), "H_GET_TCE  ioba %#lx", ioba);
	one_way(call, hcall(H_GET_TCE, liobn, ioba).status, H_PARAMETER, why);
}

void unchanged(uint64_t ioba, uint64_t tce, const char *meaning)
{
	if (accepted == accepted_before) {
		get_tce(ioba, tce, meaning);
		return;
	}
	printf("  (this machine accepted %u of them, so the entry may have changed: it is set back)\n",
	       accepted - accepted_before);
	put_tce(ioba, tce, meaning);
}

static int64_t list_call(char *call, size_t size, uint64_t ioba, const uint64_t *list, size_t count)
{
	snprintf(call, size, "H_PUT_TCE_INDIRECT  ioba %#lx  x %lu", ioba, count);
	/* The hypervisor reads the list: it must be in memory, not in a register. */
	__asm__ volatile("" : : "r"(list) : "memory");
	return hcall(H_PUT_TCE_INDIRECT, machine.window.liobn, ioba, (uint64_t)list, count).status;
}

void put_list(uint64_t ioba, const uint64_t *list, size_t count, const char *meaning)
{
	char call[64];
	int64_t status = list_call(call, sizeof(call), ioba, list, count);

	one_way(call, status, H_SUCCESS, meaning);
}

void refused_list(const char *why, uint64_t ioba, const uint64_t *list, size_t count)
{
	char call[64];
	int64_t status = list_call(call, sizeof(call), ioba, list, count);

	one_way(call, status, H_PARAMETER, why);
}

void varied_list(const char *why, uint64_t ioba, const uint64_t *list, size_t count, const char *other)
{
	char call[64];
	int64_t status = list_call(call, sizeof(call), ioba, list, count);

	two_ways(call, status, H_PARAMETER, why, other);
}

static int64_t stuff_call(char *call, size_t size, uint64_t ioba, size_t count)
{
	snprintf(call, size, "H_STUFF_TCE  ioba %#lx  tce 0x0  x %lu", ioba, count);
	return hcall(H_STUFF_TCE, machine.window.liobn, ioba, 0, count).status;
}

void stuff_tce(uint64_t ioba, size_t count, const char *meaning)
{
	char call[64];
	int64_t status = stuff_call(call, sizeof(call), ioba, count);

	one_way(call, status, H_SUCCESS, meaning);
}

void varied_stuff(const char *why, uint64_t ioba, size_t count, int64_t refusal, const char *other)
{
	char call[64];
	int64_t status = stuff_call(call, sizeof(call), ioba, count);

	two_ways(call, status, refusal, why, other);
}

void unknown_call(uint64_t token, const char *why)
{
	char call[64];

	snprintf(call, sizeof(call), "unknown token %#lx", token);
	one_way(call, hcall(token).status, H_FUNCTION, why);
}

void read_back(uint64_t ioba, size_t count, uint64_t (*tce)(size_t), const char *meaning)
{
	int64_t status = H_SUCCESS;
	size_t same = 0;
	char call[64];

	for (size_t n = 0; n < count; n++) {
		struct hcall_result got = hcall(H_GET_TCE, machine.window.liobn, ioba + n * TCE_PAGE);

		if (got.status != H_SUCCESS)
			status = got.status;
		else if (got.r4 == tce(n))
			same++;
	}
	snprintf(call, sizeof(call), "H_GET_TCE  ioba %#lx to %#lx", ioba, ioba + (count - 1) * TCE_PAGE);
	one_way(call, status, H_SUCCESS, meaning);
	if (same != count) {
		wrong++;
		printf("    ^ WRONG: only %lu of %lu are\n", same, count);
	}
}

int verdict(void)
{
	if (wrong != 0) {
		printf("\nFAIL: %u of %u answers were wrong.\n", wrong, answers);
		return 1;
	}
	printf("\nPASS: all %u answers were right", answers);
	if (accepted != 0)
		printf("; this machine accepted %u calls that tcevm refuses", accepted);
	printf(".\n");
	return 0;
}
