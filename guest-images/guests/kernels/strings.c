/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Texts by bytes, as in a small C library: length, comparison, the search for a character. */
#include "kernels.h"

#define SIZE 32768

static char texts[SIZE];		/* words of small letters, each ends with 0 */

void prepare_strings(uint64_t seed)
{
	for (size_t i = 0; i < SIZE; i++) {
		uint64_t random = next_random(&seed) >> 32;

		texts[i] = random % 24 == 0 ? '\0' : (char)('a' + random / 32 % 26);
	}
	texts[SIZE - 1] = '\0';
}

static __attribute__((noinline)) size_t length(const char *text)
{
	const char *at = text;

	while (*at != '\0')
		at++;
	return (size_t)(at - text);
}

static __attribute__((noinline)) int compare(const char *left, const char *right)
{
	for (; *left == *right; left++, right++)
		if (*left == '\0')
			return 0;
	return *left < *right ? -1 : 1;
}

/* The offset of the first such character, or the size. */
static __attribute__((noinline)) size_t find(const char *text, char c, size_t size)
{
	size_t at = 0;

	while (at < size && text[at] != c)
		at++;
	return at;
}

static __attribute__((noinline)) char *append(char *to, const char *from)
{
	while ((*to = *from++) != '\0')
		to++;
	return to;
}

uint64_t run_strings(uint64_t passes)
{
	static char greatest[SIZE];
	uint64_t sum = 0;

	for (; passes > 0; passes--) {
		greatest[0] = '\0';
		for (const char *text = texts; text < texts + SIZE; ) {
			size_t size = length(text);

			if (compare(text, greatest) > 0)
				append(greatest, text);
			sum = mix(sum, size + find(text, 'e', size));
			text += size + 1;
		}
		sum = mix(sum, length(greatest) + (uint64_t)greatest[0]);
	}
	return sum;
}
