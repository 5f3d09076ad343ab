/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The status codes that a guest of ours may meet, by name (LoPAR 2.9, hypercall return codes). */
#include "guest.h"

static const struct {
	int16_t status;
	char name[14];
} names[] = {
	{ 0, "H_SUCCESS" },
	{ 1, "H_BUSY" },
	{ 2, "H_CLOSED" },
	{ 4, "H_CONSTRAINED" },
	{ 5, "H_PARTIAL" },
	{ -1, "H_HARDWARE" },
	{ -2, "H_FUNCTION" },
	{ -3, "H_PRIVILEGE" },
	{ -4, "H_PARAMETER" },
	{ -5, "H_BAD_MODE" },
	{ -7, "H_NOT_FOUND" },
	{ -9, "H_NO_MEM" },
	{ -10, "H_AUTHORITY" },
	{ -11, "H_PERMISSION" },
	{ -12, "H_DROPPED" },
	{ -16, "H_RESOURCE" },
	{ -46, "H_RESCINDED" },
	{ -54, "H_ABORTED" },
	{ -55, "H_P2" },
	{ -56, "H_P3" },
	{ -57, "H_P4" },
	{ -58, "H_P5" },
	{ -67, "H_UNSUPPORTED" },
	{ -75, "H_STATE" },
	{ 9999, "H_TOO_HARD" },		/* internal to KVM: a guest that sees it has found a bug */
};

const char *status_name(int64_t status)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].name;
	return "H_?";
}
