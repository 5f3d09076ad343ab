#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# The programs of the Debian guest; tests/tests/all/linux.rs has the known answers.
export PATH=/usr/bin:/bin

say() {
	name=$1
	shift
	echo "$name: $("$@" 2>&1)"
}

# FIPS 180-2 and RFC 1321: the messages "abc" and "".
digest() { printf %s "$2" | openssl dgst "-$1" -r | cut -d' ' -f1; }
say sha256 digest sha256 abc
say sha512 digest sha512 abc
say sha1 digest sha1 abc
say md5 digest md5 ''

# FIPS 197, appendix C: one block, each size of key.
plain='\000\021\042\063\104\125\146\167\210\231\252\273\314\335\356\377'
aes() { printf "$plain" | openssl enc "-aes-$1-ecb" -K "$2" -nopad | od -An -tx1 -v | tr -d ' \n'; }
key=000102030405060708090a0b0c0d0e0f
say aes128 aes 128 $key
say aes192 aes 192 ${key}1011121314151617
say aes256 aes 256 ${key}101112131415161718191a1b1c1d1e1f

say perl perl -e 'printf "%.15g %.15g %d %s", sqrt(2), atan2(1,1)*4, 2**52+1, join ",", sort map { ucfirst reverse } qw(ab cd)'
say python python3.11 -S -E -c 'import math; print(3**100 % 1000007, repr(0.1 + 0.2), math.hypot(3, 4), "%.10f" % math.e, "abc"[::-1].upper())'

seq 1 20000 >/numbers
round() { "$1" -c /numbers | "$1" -dc | cmp - /numbers && echo same; }
# By their paths, for the shell has its own.
say bzip2 round /bin/bzip2
say xz round /usr/bin/xz

if [ -x /strings ]; then say strings /strings; fi
if [ -x /perf ]; then say perf /perf; fi
