/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The machine's facts, which the start of each architecture fills in. */
#include "guest.h"

struct machine machine = { .model = "", .bootargs = "", .cpus = 1 };

/* The text behind the name in the first word of the arguments that is this name and then `end`, or only the name. */
static const char *bootargs_after(const char *name, char end)
{
	size_t length = strlen(name);
	const char *at = machine.bootargs;

	while (*at != '\0') {
		if (strncmp(at, name, length) == 0 && (at[length] == end || at[length] == '\0'))
			return at + length;
		while (*at != '\0' && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	return NULL;
}

bool bootargs_has(const char *word)
{
	return bootargs_after(word, ' ') != NULL;
}

uint64_t bootargs_number(const char *name, uint64_t otherwise)
{
	const char *at = bootargs_after(name, '=');
	uint64_t number = 0;

	if (!at || *at++ != '=')
		return otherwise;
	for (; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number;
}
