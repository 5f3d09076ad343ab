/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The POWER machine of tcevm has one CPU, so nothing starts another. */
#include "power.h"

bool start_cpu(uint32_t cpu, void (*function)(uint64_t), uint64_t argument)
{
	(void)cpu, (void)function, (void)argument;
	return false;
}
