#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Runs in the guest (debian-guest.sh puts it into devices.cpio): does what the words `do=STEP` on the kernel's
# command line say, in their order, and prints a line for each. Other words: `address=IP`, `peer=IP`,
# `port=N` of the host's server, `size=BYTES` of a transfer, `bus=virtio` for virtio's drivers instead of ibmveth and ibmvscsi.
# A line that is not as expected is for tests/tests/all/devices.rs to find.

value() {
	sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" /proc/cmdline
}
address=$(value address) peer=$(value peer) port=$(value port) size=$(value size)
bus=$(value bus)
disk=/dev/sda
[ "$bus" != virtio ] || disk=/dev/vda

load() {
	for module; do
		grep -q "^$(echo "$module" | tr - _) " /proc/modules || insmod "/modules/$module.ko"
	done
}

# Waits for what comes by itself, 20 seconds.
until_there() {
	n=0
	until "$@" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 200 ] || return 1
		sleep 0.1
	done
}

virtio() {
	load virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
}

disk_up() {
	if [ "$bus" = virtio ]; then
		virtio && load virtio_blk
	else
		load crct10dif_common crc-t10dif crc64 crc64_rocksoft_generic crc64-rocksoft t10-pi scsi_transport_srp \
			sd_mod ibmvscsi
	fi
	until_there [ -b $disk ]
}

net_up() {
	if [ "$bus" = virtio ]; then
		virtio && load failover net_failover virtio_net
		until_there [ -e /sys/class/net/eth0 ]
	else
		load ibmveth
	fi
	ifconfig eth0 "$address" netmask 255.255.255.0 up
}

mounted() {
	load crc32c_generic libcrc32c crc16 mbcache jbd2 ext4
	mkdir -p /disk
	mount -t ext4 $disk /disk
}

sum() {
	md5sum | cut -d ' ' -f 1
}

download() {
	wget -q -O - "http://$peer:$port/$size" | sum
}

step() {
	case $1 in
	scsi | disk) disk_up && echo "$1: $(blockdev --getsize64 $disk) bytes" ;;
	# A file system, filled with files whose sums it holds, too.
	make)
		mke2fs $disk >/dev/null 2>&1 && mounted && cd /disk || return
		seq 1 200000 >numbers
		dd if=/dev/urandom of=noise bs=64k count=64 2>/dev/null
		mkdir many
		for n in $(seq 1 200); do echo "file $n" >"many/$n"; done
		find . -type f ! -name sums | sort | xargs md5sum >sums
		cd / && sync && umount /disk && echo "make: done"
		;;
	check)
		mounted && cd /disk || return
		echo "check: $(md5sum -c sums | grep -c ': OK') of $(wc -l <sums) files"
		cd / && umount /disk
		;;
	# Makes a file system and reboots; the second time it is there, and is checked.
	again)
		if mounted 2>/dev/null; then
			umount /disk && step check
		else
			step make && reboot -f
		fi
		;;
	# Numbered blocks, each flushed before it is reported: for kill.sh.
	numbers)
		n=0
		while [ $n -lt 4096 ]; do
			printf 'block %s\n' $n | dd of=$disk bs=4096 seek=$((n * 37 % 4096)) conv=sync,fsync 2>/dev/null || return
			echo "numbers: $n"
			n=$((n + 1))
		done
		;;
	# All blocks, read past the page cache.
	read) echo "read: $(dd if=$disk bs=64k iflag=direct 2>/dev/null | sum)" ;;
	# As error recovery does: the adapter frees its queue and initializes a new one; then the disk works.
	reset)
		for host in /sys/class/scsi_host/host*; do
			[ "$(cat "$host/proc_name")" != ibmvscsi ] || echo adapter >"$host/host_reset" || return
		done
		echo "reset: $(dd if=$disk bs=64k count=4 iflag=direct 2>/dev/null | wc -c) bytes"
		;;
	# The complaints of the drivers.
	messages)
		dmesg | grep -E 'ibmveth|ibmvscsi|virtio' | grep -iE 'unable|error|fail'
		echo "messages: done"
		;;
	net) net_up && echo "net: up" ;;
	ping) echo "ping: $(ping -c 3 "$peer" | sed -n 's/.* \([0-9]* packets received\).*/\1/p')" ;;
	answer) echo "answer: $(nc -l -p 9000)" ;;
	hang-up) until_there sh -c "echo bye | nc $peer 9000" && echo "hang-up: done" ;;
	download) echo "download: $(download)" ;;
	upload)
		head -c "$size" /dev/urandom >/upload
		echo "upload: $(sum </upload)"
		nc "$peer" "$((port + 1))" </upload
		rm /upload
		;;
	# Both devices at once.
	both)
		{ download >/sum; } &
		dd if=/dev/urandom of=/noise bs=64k count=32 2>/dev/null
		want=$(sum </noise)
		for n in 0 1 2 3; do
			dd if=/noise of=$disk bs=64k conv=fsync 2>/dev/null
			got=$(dd if=$disk bs=64k count=32 iflag=direct 2>/dev/null | sum)
			[ "$got" = "$want" ] || echo "both: the disk has $got, not $want"
		done
		wait
		echo "both: $(cat /sum)"
		;;
	unload)
		ifconfig eth0 down 2>/dev/null
		for module in ibmveth ibmvscsi virtio_net virtio_blk virtio_pci; do
			! grep -q "^$module " /proc/modules || rmmod $module || return
		done
		echo "unload: done"
		;;
	sleep) sleep 1000 ;;
	# For devices-vs-qemu.sh: the drivers' work and as little of the programs' as can be.
	ready) dd if=/dev/urandom of=/noise bs=1M count=8 2>/dev/null && echo "ready: done" ;;
	fetch) wget -q -O /dev/null "http://$peer:$port/$size" && echo "fetch: done" ;;
	blocks-in) dd if=$disk of=/dev/null bs=64k iflag=direct 2>/dev/null && echo "blocks-in: done" ;;
	blocks-out)
		n=$((size >> 23))
		while [ $n -gt 0 ]; do
			n=$((n - 1))
			dd if=/noise of=$disk bs=64k seek=$((n << 7)) conv=fsync 2>/dev/null || return
		done
		echo "blocks-out: done"
		;;
	*) echo "$1: there is no such step" ;;
	esac
}

for word in $(cat /proc/cmdline); do
	case $word in
	do=*) step "${word#do=}" || echo "${word#do=}: failed" ;;
	esac
done
