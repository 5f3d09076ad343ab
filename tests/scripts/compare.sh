# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#
# For scripts that run tcevm, most of them beside QEMU in turn; they source it, with $script as their name:
#
#   rounds N   checks what -n was given, and sets $rounds
#   options ARGUMENT...
#              takes the options of a script whose guest has both byte orders: -be, -le, -n ROUNDS. Sets $order and
#              $rounds, and $taken, the number of arguments that they were
#   prepare    sets $qemu (QEMU, else qemu-system-ppc64) and $TCEVM (built with cargo when unset), finds both,
#              and makes the directory $work, which is gone at the end
#   find_tcevm sets $TCEVM alone: for scripts that run no QEMU
#   measure    NAME COMMAND...: appends the output of a run to $work/NAME; a run that fails ends the script
#   version    what QEMU says that it is

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=3

rounds() {
	case $1 in '' | *[!0-9]* | 0) usage ;; esac
	rounds=$1
}

options() {
	order=le
	taken=$#
	while [ $# -gt 0 ]; do
		case $1 in
		-be) order=be ;;
		-le) order=le ;;
		-n) rounds "${2:-}"; shift ;;
		-*) usage ;;
		*) break ;;
		esac
		shift
	done
	taken=$((taken - $#))
}

find_tcevm() {
	if [ -z "${TCEVM:-}" ]; then
		(cd "$root" && cargo build --release --quiet)
		TCEVM=${CARGO_TARGET_DIR:-$root/target}/release/tcevm
	fi
	if [ ! -x "$TCEVM" ]; then
		echo "$script: $TCEVM is not a program; set TCEVM to the tcevm binary" >&2
		exit 3
	fi
}

prepare() {
	qemu=${QEMU:-qemu-system-ppc64}
	if ! command -v "$qemu" >/dev/null; then
		echo "$script: $qemu is missing; on Debian: apt-get install qemu-system-ppc (or set QEMU)" >&2
		exit 3
	fi
	find_tcevm
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
}

measure() {
	name=$1
	shift
	if ! "$@" >"$work/run" </dev/null; then
		cat "$work/run" >&2
		echo "$script: the run on $name failed" >&2
		exit 1
	fi
	cat "$work/run" >>"$work/$name"
}

version() {
	"$qemu" --version | sed -n '1s/.*version \([^ ]*\).*/\1/p'
}
