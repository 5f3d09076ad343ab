/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The machine's facts, which the start of each architecture fills in. */
#include "guest.h"

struct machine machine = { .model = "", .bootargs = "" };

bool bootargs_has(const char *word)
{
	size_t length = strlen(word);
	const char *at = machine.bootargs;

	while (*at != '\0') {
		if (strncmp(at, word, length) == 0 && (at[length] == '\0' || at[length] == ' '))
			return true;
		while (*at != '\0' && *at != ' ')
			at++;
		while (*at == ' ')
			at++;
	}
	return false;
}
