/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The C library's string functions over all alignments and many lengths, against loops that take a
 * byte at a time. For the Debian guest, whose processor has the vector code that they choose.
 */
#include <stdio.h>
#include <string.h>

enum { ALIGN = 16, LENGTH = 140, ROOM = LENGTH + 2 * ALIGN };

static unsigned long checks, wrong;

static void check(int right)
{
	checks++;
	wrong += !right;
}

/* A byte that is never 0 and differs from its neighbours. */
static unsigned char pattern(unsigned n)
{
	return n * 37 % 251 + 1;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void copies(unsigned from, unsigned to, unsigned length)
{
	static unsigned char a[ROOM], b[ROOM];
	int right = 1;

	for (unsigned n = 0; n < ROOM; n++) {
		*(volatile unsigned char *)&a[n] = pattern(n);
		*(volatile unsigned char *)&b[n] = 0;
	}
	memcpy(b + to, a + from, length);
	for (unsigned n = 0; n < ROOM; n++) {
		unsigned char expected = n >= to && n < to + length ? pattern(n - to + from) : 0;
		right &= *(volatile unsigned char *)&b[n] == expected;
	}
	check(right);
	check(memcmp(b + to, a + from, length) == 0);
	if (length) {
		unsigned at = length * 7 / 8;

		b[to + at]++;
		check(sign(memcmp(b + to, a + from, length)) == 1);
		check(sign(memcmp(a + from, b + to, length)) == -1);
	}
}

static void strings(unsigned one, unsigned other, unsigned length)
{
	static char a[ROOM + 1], b[ROOM + 1];

	memset(a, 'x', ROOM);
	memset(b, 'x', ROOM);
	for (unsigned n = 0; n < length; n++)
		a[one + n] = b[other + n] = pattern(n) | 1;
	a[one + length] = b[other + length] = 0;
	check(strlen(a + one) == length);
	check(strchr(a + one, 0) == a + one + length);
	check(strcmp(a + one, b + other) == 0);
	if (length) {
		b[other + length - 1] = 0;
		check(strcmp(a + one, b + other) > 0);
		check(strcmp(b + other, a + one) < 0);
		check(strncmp(a + one, b + other, length - 1) == 0);
	}
}

int main(void)
{
	for (unsigned one = 0; one < ALIGN; one++)
		for (unsigned other = 0; other < ALIGN; other++)
			for (unsigned length = 0; length < LENGTH; length += 1 + length / 24) {
				copies(one, other, length);
				strings(one, other, length);
			}
	printf("%lu checks, %lu wrong\n", checks, wrong);
	return wrong != 0;
}
