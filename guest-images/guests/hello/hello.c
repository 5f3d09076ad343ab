/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The smallest guest: one line, then power-off. */
#include "guest.h"

int main(void)
{
	printf("Hello from a " GUEST_KIND " guest.\n");
	return 0;
}
