#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/perf-insn.sh [-k DIRECTORY] BUILD [CLASS...]
#        devtools/perf-insn.sh -w BUILD
#
# Instructions an op of the driver's burst functions, counted by callgrind: the
# same number whatever else the machine does. What is counted is enqueue_burst and
# dequeue_burst of a driver and all they call; see app/test-wd/perf_insn.c and
# perf_insn_comp.c. simd: the widest vectors in use, in bits, or neon on arm64;
# doorbells: those that submit, a burst of 32 ops. -k keeps callgrind's files,
# CLASS-HW-SIMD. For a build that runs in emulation a plugin of the emulator counts, see
# insn-count.c; the files have "0 or 1, for enqueue or dequeue, NAME INSTRUCTIONS".
# -w only says which simd there are.
set -euo pipefail

keep='' only_widths=''
case $1 in
-k)
	keep=$2
	shift 2
	;;
-w)
	only_widths=1
	shift
	;;
esac
build=$1
shift
[ $# -gt 0 ] || set -- cipher auth chain aead sgl poll wait compress inflate crc32
rounds=200
burst=32
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ -n "$keep" ] || keep=$dir

here=$(dirname "$(realpath "$0")")
plugin=$(realpath -q "$build/devtools/insn-count.so") || plugin=
[ -e "$plugin" ] || plugin=

widths=(128)
if [ -n "$plugin" ] || [ "$(uname -m)" = aarch64 ]; then
	widths=(neon)
elif grep -qw avx2 /proc/cpuinfo; then
	widths+=(256)
fi
if [ -n "$only_widths" ]; then
	printf '%s\n' "${widths[@]}"
	exit
fi

# the same without callgrind
count_emulated() {
	local program=$1 base so
	shift
	rm -f "$dir"/out*
	WD_INSN_COUNT=1 WD_QEMU_OPTIONS="-plugin $plugin" \
		"$here/arm64-run.sh" "$build/app/test-wd/$program" -l 0 --no-pci --in-memory -m 128 \
		--no-telemetry --log-level error -d "$build/pmds" -- "$@" >"$dir/log" 2>&1 || {
		cat "$dir/log" >&2
		return 1
	}
	read -r _ base so < <(grep '^insn-base ' "$dir/log")
	aarch64-linux-gnu-nm --radix=d --numeric-sort --defined-only "$so" |
		awk -v out="$dir/out" -v base="$base" '
			NR == FNR { if (tolower($2) == "t") { at[++n] = $1; name[n] = $3 }; next }
			$1 == "insn-count" {
				off = $4 - base
				i = n
				while (i > 0 && at[i] + 0 > off) i--
				print $3, (i > 0 && i < n) ? name[i] : "elsewhere", $5 >(out "." $2)
			}' - "$dir/log"
	[ "$program" != perf-insn-comp ] || mv "$dir/out.1" "$dir/out"
}

# count PROGRAM SIMD ENQUEUE DEQUEUE ARGUMENT...: one file of counts at each mark, and at the end
count() {
	local program=$1 simd=$2 enqueue=$3 dequeue=$4
	shift 4
	if [ -n "$plugin" ]; then
		count_emulated "$program" "$@"
		return
	fi
	rm -f "$dir"/out*
	valgrind --tool=callgrind --callgrind-out-file="$dir/out" --collect-atstart=no \
		--dump-before=perf_insn_mark --toggle-collect="$enqueue" --toggle-collect="$dequeue" \
		"$build/app/test-wd/$program" -l 0 --no-pci --legacy-mem -m 128 --huge-unlink \
		--file-prefix "wd-perf-insn-$$" --no-telemetry --log-level error \
		--force-max-simd-bitwidth "${simd/neon/128}" \
		-d "$build/pmds" -- "$@" >"$dir/log" 2>&1 || {
		cat "$dir/log" >&2
		return 1
	}
}

# row CLASS HW SIMD FILE DOORBELLS
row() {
	local ops=$((rounds * burst))
	case $1 in
	poll | wait) ops=$rounds ;;
	esac
	cp "$4" "$keep/$1-$2-$3"
	if [ -n "$plugin" ]; then
		cat "$4"
	else
		callgrind_annotate --inclusive=yes --threshold=100 "$4"
	fi |
		awk -v c="$1" -v hw="$2" -v simd="$3" -v n="$ops" -v bells="$5" -v rounds=$rounds -v blocks="$plugin" '
			blocks != "" { if ($1 == 0) e += $3; else d += $3; next }
			{ gsub(/,/, "", $1) }
			/:wd_(crypto_sec|comp_zip)_enqueue/ { e = $1 }
			/:wd_(crypto_sec|comp_zip)_dequeue/ { d = $1 }
			END {
				if (c == "wait") e = 0
				printf "%-8s %-4s %4s %10s %10.1f %10.1f %10s\n", c, hw, simd,
				e ? sprintf("%.1f", e / n) : "-", d / n, (e + d) / n,
				bells == "-" || !e ? "-" : sprintf("%.1f", bells / rounds)
			}'
}

printf '%-8s %-4s %4s %10s %10s %10s %10s\n' class hw simd enqueue dequeue sum doorbells
crypto=() comp=()
for class in "$@"; do
	case $class in
	compress | inflate | crc32) comp+=("$class") ;;
	*) crypto+=("$class") ;;
	esac
done
for hw in v2 v3; do
	if [ ${#crypto[@]} -gt 0 ]; then
		for simd in "${widths[@]}"; do
			count perf-insn "$simd" 'wd_crypto_sec_enqueue_bd?_iova' wd_crypto_sec_dequeue hw=$hw $rounds "${crypto[@]}"
			mark=0
			for class in "${crypto[@]}"; do
				mark=$((mark + 1))
				row "$class" $hw "$simd" "$dir/out.$mark" \
					"$(awk -v c="$class" '$1 == c && $2 == "doorbells" { print $3 }' "$dir/log")"
				# it ends with a mark of its own
				[ "$class" != wait ] || mark=$((mark + 1))
			done
		done
	fi
	for class in "${comp[@]}"; do
		# without raw deflate each op has a checksum
		[ "$hw-$class" != v2-crc32 ] || continue
		count perf-insn-comp "${widths[0]}" 'wd_comp_zip_enqueue*' 'wd_comp_zip_dequeue*' hw=$hw $rounds "$class"
		row "$class" $hw "${widths[0]}" "$dir/out" -
	done
done
