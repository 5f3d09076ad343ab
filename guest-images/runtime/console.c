/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Text to the first vty, and the formatting in front of it. */
#include "runtime.h"

#define TERM_CHARS 16	/* at most, in one H_PUT_TERM_CHAR: two registers, first character in the highest byte */

void console_write(const char *text, size_t length)
{
	while (length > 0) {
		uint64_t chars[2] = { 0, 0 };
		size_t now = length < TERM_CHARS ? length : TERM_CHARS;

		memcpy(chars, text, now);
		while (hcall(H_PUT_TERM_CHAR, 0, now, be64(chars[0]), be64(chars[1])).status == H_BUSY)
			;
		text += now;
		length -= now;
	}
}

/* Where formatted text goes; what does not fit is counted and dropped. */
struct sink {
	char *to;
	size_t size;
	size_t length;
};

static void put(struct sink *sink, char c)
{
	if (sink->length < sink->size)
		sink->to[sink->length] = c;
	sink->length++;
}

struct field {
	bool left, zero, prefix, is_long;
	int width;
};

static void put_field(struct sink *sink, const struct field *field, const char *text, size_t length)
{
	int padding = field->width - (int)length;

	for (int i = 0; !field->left && i < padding; i++)
		put(sink, field->zero ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		put(sink, text[i]);
	for (int i = 0; field->left && i < padding; i++)
		put(sink, ' ');
}

/* With a prefix ("-" or "0x") zeroes do not pad: no guest needs both. */
static void put_number(struct sink *sink, const struct field *field, uint64_t value, unsigned base, const char *prefix)
{
	char text[24];
	char *end = text + sizeof(text), *at = end;

	do {
		*--at = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (size_t i = strlen(prefix); i > 0; i--)
		*--at = prefix[i - 1];
	put_field(sink, field, at, (size_t)(end - at));
}

static const char *parse_field(const char *format, struct field *field, va_list *args)
{
	*field = (struct field){ 0 };
	for (;; format++) {
		if (*format == '-')
			field->left = true;
		else if (*format == '0')
			field->zero = true;
		else if (*format == '#')
			field->prefix = true;
		else
			break;
	}
	if (*format == '*') {
		field->width = va_arg(*args, int);
		format++;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		field->width = field->width * 10 + *format - '0';
	for (; *format == 'l'; format++)
		field->is_long = true;
	return format;
}

static void put_conversion(struct sink *sink, char conversion, const struct field *field, va_list *args)
{
	switch (conversion) {
	case 'c': {
		char c = (char)va_arg(*args, int);

		put_field(sink, field, &c, 1);
		break;
	}
	case 's': {
		const char *text = va_arg(*args, const char *);

		put_field(sink, field, text, strlen(text));
		break;
	}
	case 'd': {
		int64_t value = field->is_long ? va_arg(*args, long) : va_arg(*args, int);

		put_number(sink, field, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0 ? "-" : "");
		break;
	}
	case 'u':
	case 'x': {
		uint64_t value = field->is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);

		put_number(sink, field, value, conversion == 'u' ? 10 : 16, field->prefix ? "0x" : "");
		break;
	}
	default:
		put(sink, conversion);
	}
}

static void put_format(struct sink *sink, const char *format, va_list *args)
{
	for (; *format != '\0'; format++) {
		struct field field;

		if (*format != '%') {
			put(sink, *format);
			continue;
		}
		format = parse_field(format + 1, &field, args);
		if (*format == '\0')
			return;
		put_conversion(sink, *format, &field, args);
	}
}

int vsnprintf(char *to, size_t size, const char *format, va_list args)
{
	struct sink sink = { to, size, 0 };
	va_list copy;

	va_copy(copy, args);
	put_format(&sink, format, &copy);
	va_end(copy);
	if (size > 0)
		to[sink.length < size ? sink.length : size - 1] = '\0';
	return (int)sink.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(to, size, format, args);
	va_end(args);
	return length;
}

int printf(const char *format, ...)
{
	char line[512];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	console_write(line, strlen(line));
	return length;
}
