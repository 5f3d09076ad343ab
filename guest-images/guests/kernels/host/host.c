/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The kernels as a program of the host: the same arguments and the same output. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../kernels.h"

static char **words;

uint64_t ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t ticks_per_second(void)
{
	return 1000000000;
}

bool has_word(const char *word)
{
	for (char **at = words; *at; at++)
		if (strcmp(*at, word) == 0)
			return true;
	return false;
}

uint64_t number_of(const char *name, uint64_t otherwise)
{
	size_t length = strlen(name);

	for (char **at = words; *at; at++)
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return strtoull(*at + length + 1, NULL, 10);
	return otherwise;
}

int main(int argc, char **argv)
{
	words = argv + (argc > 0);
	return run_kernels();
}
