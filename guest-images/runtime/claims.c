/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Claims about the machine: one line each, and a verdict. */
#include "guest.h"

static unsigned made, failed, differ;

static void tell(const char *how, const char *format, va_list args)
{
	char what[160];

	vsnprintf(what, sizeof(what), format, args);
	printf("%s: %s\n", how, what);
	made++;
}

void claim(bool holds, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(holds ? "PASS" : "FAIL", format, args);
	va_end(args);
	failed += !holds;
}

void claim_of_tcevm(bool holds, const char *format, ...)
{
	bool elsewhere = strcmp(machine.model, "tcevm") != 0;
	va_list args;

	va_start(args, format);
	tell(holds ? "PASS" : elsewhere ? "DIFFERS" : "FAIL", format, args);
	va_end(args);
	failed += !holds && !elsewhere;
	differ += !holds && elsewhere;
}

int claims_verdict(void)
{
	printf("%u claims, %u failed", made, failed);
	if (differ != 0)
		printf(", %u differ on this machine", differ);
	printf("\n");
	if (failed == 0)
		printf("\nEXIT: STATUS=1\n");
	return failed != 0;
}
