#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# In the Debian guest: copies each program of /recycle to one name, runs it, and removes it, $1 rounds. The page cache gives
# the pages of one program to the next, so code that was decoded before must not run.
echo 1 >/proc/sys/net/core/bpf_jit_enable 2>/dev/null
/recycle/patched
mkdir -p /tmp
wrong=0
round=0
while [ $round -lt "$1" ]; do
	while read -r program sum; do
		cp "/recycle/$program" /tmp/program
		[ "$(timeout 20 /tmp/program)" = "$sum" ] || wrong=$((wrong + 1))
		rm /tmp/program
	done </recycle/sums
	round=$((round + 1))
done
echo "recycle: $round rounds of $(grep -c . /recycle/sums) programs, $wrong wrong"
