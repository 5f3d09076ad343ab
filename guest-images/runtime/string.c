/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Functions that the compiler expects to find, and those that text needs. Short rather than fast. */
#include "guest.h"

void *memset(void *to, int byte, size_t size)
{
	for (unsigned char *at = to; size > 0; size--)
		*at++ = (unsigned char)byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	const unsigned char *source = from;

	for (unsigned char *at = to; size > 0; size--)
		*at++ = *source++;
	return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const unsigned char *a = left, *b = right;

	for (; size > 0; size--, a++, b++)
		if (*a != *b)
			return *a - *b;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

int strcmp(const char *left, const char *right)
{
	return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t size)
{
	for (; size > 0; size--, left++, right++) {
		if (*left != *right)
			return (unsigned char)*left - (unsigned char)*right;
		if (*left == '\0')
			return 0;
	}
	return 0;
}
