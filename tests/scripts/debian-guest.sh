#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# Makes a Linux guest of Debian's packages: its ppc64el kernel, and an initrd with busybox.
#
#   debian-guest.sh [DIRECTORY]
#
# DIRECTORY (target/debian-guest) then has vmlinux, initrd.cpio, initrd.cpio.gz, and programs.cpio,
# which also has openssl, perl, python3, bzip2 and xz, and devices.cpio, which has the modules of ibmveth,
# ibmvscsi, virtio on PCI and ext4 (tests/scripts/devices.sh is what it runs), and recycle.cpio (recycle-guest.sh). Nothing is installed, and apt's own lists are
# left alone; packages that are there are not downloaded again. With a cross compiler and its C library
# (gcc-powerpc64le-linux-gnu, libc6-dev-ppc64el-cross) programs.cpio has strings.c and perf.c, too.
# The initrd prints `MARKER: userspace is up` and what it runs on, then it does what the kernel's
# command line has: `devices`, `recycle=N`, `shell`, `reboot`, `panic`, `work=N` (N equal loads side by side), `nvram`
# (reports the partitions and leaves a note), `spin=N` (N loads for ten seconds after a line of input), or powers off.
# Environment: SUITE (bookworm), MIRROR (where this host's apt finds that suite).
# Exit status: 3 when a tool or the mirror is missing, 1 when the download fails.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
directory=${1:-$root/target/debian-guest}
suite=${SUITE:-bookworm}
mirror=${MIRROR:-}

for tool in apt-get dpkg-deb cpio gzip; do
	if ! command -v "$tool" >/dev/null; then
		echo "debian-guest: $tool is missing; on Debian: apt-get install cpio" >&2
		exit 3
	fi
done

if [ -z "$mirror" ]; then
	mirror=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' "Release: $suite" 'Component: main' | head -n 1)
fi
if [ -z "$mirror" ]; then
	echo "debian-guest: apt has no source for $suite; set MIRROR to a Debian mirror's address" >&2
	exit 3
fi

mkdir -p "$directory"
cd "$directory"
# Folders in it are removed below; the lock shows that this script made them.
if [ ! -e lock ] && [ -n "$(ls -A)" ]; then
	echo "debian-guest: $directory is no empty directory and no guest's; name another" >&2
	exit 3
fi
directory=$PWD

# Two tests at once make it once.
exec 9>lock
if command -v flock >/dev/null; then flock 9; fi

packages() {
	mkdir -p apt/lists/partial apt/cache/archives/partial apt/etc deb
	cat >apt/etc/main.sources <<-SOURCES
		Types: deb
		URIs: $mirror
		Suites: $suite
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCES
	# A state of our own: a foreign architecture in the system's lists disturbs later installs.
	set -- -qq -o Dir::State="$directory/apt" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$directory/apt/cache" -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$directory/apt/etc" -o APT::Sandbox::User= \
		-o APT::Architecture=ppc64el -o APT::Architectures=ppc64el
	apt-get "$@" update
	shift # apt-cache has no -qq
	kernel=$(apt-cache "$@" depends linux-image-powerpc64le |
		sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1)
	(cd deb && apt-get -qq "$@" download "$kernel" busybox-static)
	for package in deb/*.deb; do
		dpkg-deb -x "$package" unpacked
	done
	mkdir -p deb/programs
	(cd deb/programs && apt-get -qq "$@" download openssl libssl3 libc6 perl-base libcrypt1 \
		python3.11-minimal libpython3.11-minimal zlib1g libexpat1 bzip2 libbz2-1.0 xz-utils liblzma5)
	for package in deb/programs/*.deb; do
		dpkg-deb -x "$package" programs
	done
	cp unpacked/boot/vmlinux-* vmlinux.new
	mv vmlinux.new vmlinux
}

{ [ -e vmlinux ] && [ -d programs/usr/bin ]; } || packages

rm -rf initrd
mkdir -p initrd/bin initrd/proc initrd/sys initrd/dev
cp unpacked/bin/busybox initrd/bin/
cat >initrd/init <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
echo # the kernel has left the cursor behind its name
echo "MARKER: userspace is up"
echo "kernel: $(uname -s) $(uname -m)"
echo "cpus: $(grep -c ^processor /proc/cpuinfo)"
echo "mmu: $(sed -n 's/^MMU[[:space:]]*: //p' /proc/cpuinfo)"
echo "digest: $(seq 1 20000 | sha256sum)"

# One load: arithmetic of the shell, with nothing to wait for.
load() {
	i=0
	while [ $i -lt 10000 ]; do i=$((i + 1)); done
}

# A number of bytes of the NVRAM from an offset on.
nvram() {
	dd if=/nvram bs=1 skip="$1" count="$2" 2>/dev/null
}

# A number of two bytes there.
half() {
	set -- $(nvram "$1" 2 | hexdump -v -e '1/1 "%d "')
	echo $(($1 * 256 + $2))
}

partitions() {
	cat /dev/nvram >/nvram
	at=0
	while [ $at -lt "$(wc -c </nvram)" ] && [ "$(half $((at + 2)))" -gt 0 ]; do
		name=$(nvram $((at + 4)) 12 | tr -d '\000')
		echo "partition: $(nvram $at 1 | hexdump -v -e '1/1 "%02x"') $name"
		case $name in
		common) echo "variables: $(nvram $((at + 16)) 64 | tr '\000' ' ')" ;;
		# Linux: `struct oops_log_info` behind `struct err_log_info`.
		lnx,oops-log) [ "$(half $((at + 26)))" -eq 0 ] || echo "it has a report" ;;
		esac
		at=$((at + $(half $((at + 2))) * 16))
	done
	echo "partitions end at $at"
}

# The time of the CPUs since the start, in hundredths of a second: work, idle, stolen.
cpus() {
	read -r _ user nice system idle wait irq soft steal _ </proc/stat
	echo "$((user + nice + system + irq + soft)) $((idle + wait)) $steal"
}

# A number of loads side by side, with watchdogs that report after a few seconds (Linux: hard after 3, soft after 4).
spin() {
	echo 2 >/proc/sys/kernel/watchdog_thresh
	echo "spin: ready"
	read -r _
	echo "spin: from $(cpus)"
	loads=
	n=0
	while [ $n -lt "$1" ]; do
		(while :; do :; done) &
		loads="$loads $!"
		n=$((n + 1))
	done
	sleep 10
	echo "spin: to $(cpus)"
	kill $loads
	dmesg | grep -i -e lockup -e stall -e 'watchdog: BUG' | sed 's/^[^]]*] /barked: /'
	echo "spin: end"
}

for word in $(cat /proc/cmdline); do
	case $word in
	work=*)
		read -r start _ </proc/uptime
		n=0
		while [ $n -lt ${word#work=} ]; do load & n=$((n + 1)); done
		wait
		read -r end _ </proc/uptime
		echo "work: from $start to $end"
		;;
	spin=*) spin "${word#spin=}" ;;
	nvram)
		dmesg | grep -e nvram: -e 'nvram contains' -e 'nvram corruption' -e 'nvram partition' | sed 's/^[^]]*] /log: /'
		partitions
		printf 'tcevm,note=kept\000\000' | dd of=/dev/nvram bs=1 seek=16 conv=notrunc 2>/dev/null
		;;
	programs) sh /programs ;;
	devices) sh /devices ;;
	recycle=*) sh /recycle/run "${word#recycle=}" ;;
	shell) exec setsid sh -c 'exec sh </dev/hvc0 >/dev/hvc0 2>&1' ;;
	reboot) reboot -f ;;
	panic) echo c >/proc/sysrq-trigger ;;
	esac
done
poweroff -f
INIT
chmod +x initrd/init
(cd initrd && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >initrd.new
gzip -c initrd.new >initrd.gz.new
mv initrd.new initrd.cpio
mv initrd.gz.new initrd.cpio.gz

# The drivers, over the same init.
rm -rf devices
cp -r initrd devices
cp "$root/tests/scripts/devices.sh" devices/devices
mkdir devices/modules
for module in crypto/crct10dif_common lib/crc-t10dif lib/crc64 crypto/crc64_rocksoft_generic \
	lib/crc64-rocksoft block/t10-pi crypto/crc32c_generic lib/libcrc32c lib/crc16 fs/mbcache \
	fs/jbd2/jbd2 fs/ext4/ext4 drivers/scsi/scsi_transport_srp drivers/scsi/sd_mod \
	drivers/scsi/ibmvscsi/ibmvscsi drivers/net/ethernet/ibm/ibmveth \
	drivers/virtio/virtio drivers/virtio/virtio_ring drivers/virtio/virtio_pci_modern_dev \
	drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci drivers/block/virtio_blk \
	net/core/failover drivers/net/net_failover drivers/net/virtio_net; do
	cp unpacked/lib/modules/*/kernel/$module.ko devices/modules/
done
(cd devices && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >devices.new
mv devices.new devices.cpio

# Programs that take one another's place, over the same init; the host says what each has to print.
if command -v powerpc64le-linux-gnu-gcc >/dev/null && command -v gcc >/dev/null; then
	rm -rf recycle
	cp -r initrd recycle
	mkdir recycle/recycle
	cp "$root/tests/scripts/recycle-guest.sh" recycle/recycle/run
	for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
		powerpc64le-linux-gnu-gcc -O1 -mcpu=power9 -ffreestanding -nostdlib -static -DSEED=$seed \
			-o recycle/recycle/$seed "$root/tests/scripts/recycle.c"
		gcc -O1 -DSEED=$seed -o recycle-host "$root/tests/scripts/recycle.c"
		echo "$seed $(./recycle-host)" >>recycle/recycle/sums
	done
	powerpc64le-linux-gnu-gcc -O1 -mcpu=power9 -static -o recycle/recycle/patched \
		"$root/tests/scripts/patched.c" || echo "debian-guest: no patched" >&2
	(cd recycle && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >recycle.new
	mv recycle.new recycle.cpio
fi

# The programs, over the same init; what documents them stays away.
cp -r initrd/. programs/
rm -rf programs/usr/share
cp "$root/tests/scripts/programs.sh" programs/programs
if command -v powerpc64le-linux-gnu-gcc >/dev/null; then
	powerpc64le-linux-gnu-gcc -O1 -fno-builtin -static -o programs/strings \
		"$root/tests/scripts/strings.c" || echo "debian-guest: no strings" >&2
	powerpc64le-linux-gnu-gcc -O1 -static -o programs/perf \
		"$root/tests/scripts/perf.c" || echo "debian-guest: no perf" >&2
fi
(cd programs && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >programs.new
mv programs.new programs.cpio
echo "$directory"
