#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the wd authors
#
# usage: devtools/lint.sh [check]...
#
# Runs the named checks, or all of them, on the files that git tracks. Exit
# status 0, 1 when a check failed, 77 when the only checks asked for were skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

all=(format spdx whitespace spelling headers forbidden shell size checkpatch sparse gcc clang)

skip()
{
	echo "skipped: $*"
	return 77
}

need()
{
	command -v "$1" >/dev/null || skip "no $1 here, devtools/setup.sh lint installs it"
}

# Tracked files that match the patterns and exist. Vectors are data, and stay as
# their source wrote them.
tracked()
{
	git ls-files -- "$@" | sed '/\/vectors\//d' | while read -r file; do
		if [ -f "$file" ]; then
			echo "$file"
		fi
	done
}

# Prints nothing and succeeds, or says $1 before the lines on stdin and fails.
none()
{
	local found
	found=$(cat)
	[ -z "$found" ] && return
	echo "$1:"
	echo "$found"
	return 1
}

check_format()
{
	need clang-format-14 || return
	# modules are written in the kernel's style
	tracked '*.c' '*.h' ':(glob,exclude)kernel/*.[ch]' | while read -r file; do
		nb=$(clang-format-14 "$file" | diff "$file" - | grep -c '^<' || true)
		[ "$nb" = 0 ] || echo "$file ($nb lines)"
	done | none "run clang-format-14 -i on"
}

check_spdx()
{
	{
		tracked '*.c' '*.h' '*.sh' '*.py' '*meson.build' '*meson_options.txt' '*Makefile' \
			'*Kbuild' '.ci/*' ':(glob,exclude)kernel/*' ':!kernel/uapi/' |
			while read -r file; do
				head -3 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || echo "$file"
			done
		tracked ':(glob)kernel/*.[ch]' ':(glob)kernel/*Makefile' ':(glob)kernel/Kbuild' 'kernel/uapi/*.h' |
			while read -r file; do
				head -3 "$file" | grep -q 'SPDX-License-Identifier: .*GPL-2.0' || echo "$file"
			done
	} | none "no SPDX line (BSD-3-Clause; GPL-2.0 in modules and kernel/uapi/) in the first three lines"
}

check_whitespace()
{
	{
		tracked ':!LICENSE' | xargs -r grep -nIE '[[:blank:]]+$|'$'\r' | sed 's/\(:[0-9]*\):.*/\1: space at the end/' || true
		tracked ':!*.md' '*.c' '*.h' | xargs -r grep -nIE '^ +[^ *]' | sed 's/\(:[0-9]*\):.*/\1: indented by spaces/' || true
		tracked | while read -r file; do
			[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file" | tr -d '\n\0')" ] || echo "$file: no newline at the end"
		done
	} | none "white space"
}

check_spelling()
{
	need codespell || return
	tracked | xargs -r codespell --quiet-level 3 --ignore-words devtools/codespell-ignore.txt
}

# Each header compiles by itself with what its layer may include.
check_headers()
{
	local headers file flags dpdk
	local strict=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-missing-field-initializers -Werror
		-fsyntax-only -x c)
	need gcc || return
	dpdk="$(pkg-config --cflags libdpdk | sed 's/-I *\//-isystem \//g') -isystem .deps/dpdk-sdk-$(pkg-config --modversion libdpdk)
		-DALLOW_INTERNAL_API -DALLOW_EXPERIMENTAL_API"
	mapfile -t headers < <(tracked 'lib/*.h' 'drivers/*.h' 'app/*.h' 'examples/*.h' 'kernel/uapi/*.h' \
		'kernel/test/*.h')
	for file in "${headers[@]}"; do
		case $file in
		lib/hw/* | kernel/uapi/*) flags= ;;
		kernel/test/*) flags="-Ikernel/uapi -Ilib/hw" ;;
		lib/model/*) flags=-Ilib/hw ;;
		lib/wd/*) flags="$dpdk -Ilib/hw -Ikernel/uapi" ;;
		lib/*) flags="$dpdk -Ilib/hw -Ilib/wd -Ilib/model" ;;
		examples/*) flags="$dpdk -Ilib/wd" ;;
		*) flags="$dpdk -Ilib/hw -Ilib/wd -Ilib/model -Ilib/sim -Ikernel/uapi" ;;
		esac
		# from stdin: a header as the main file would warn about its own guards
		# shellcheck disable=SC2086
		echo "#include \"$file\"" | gcc "${strict[@]}" -I. $flags - || echo "$file"
	done | none "headers that do not compile alone"
}

check_forbidden()
{
	tracked | python3 devtools/check-forbidden.py devtools/forbidden.txt
}

check_shell()
{
	need shellcheck || return
	tracked '*.sh' .ci/run devtools/guest/init | xargs -r shellcheck --severity warning
}

# Modules, in the kernel's style. The script is of the kernel that they are built for.
# the modules are to stay small: lines of C of each, headers apart
check_size()
{
	local module limit files lines
	while read -r module limit files; do
		# shellcheck disable=SC2086
		lines=$(cat $files | wc -l)
		[ "$lines" -le "$limit" ] || echo "$module: $lines lines, $limit are the most"
	done <<-END | none "modules that have grown too large"
		wd.ko 2000 kernel/wd_core.c kernel/wd_file.c kernel/wd_mem.c
		wd_emu.ko 900 kernel/wd_emu.c
		wd_edu.ko 400 kernel/wd_edu.c
	END
}

check_checkpatch()
{
	local script files
	need perl || return
	dpkg-query -W linux-headers-amd64 >/dev/null 2>&1 || skip "no linux-headers-amd64 here, devtools/setup.sh lint installs it" || return
	script=$(devtools/kernel-fetch.sh checkpatch) || skip "checkpatch.pl cannot be had" || return
	mapfile -t files < <(tracked ':(glob)kernel/*.[ch]' 'kernel/uapi/*.h')
	# versions of kernels: devtools/forbidden.txt says where; lists of algorithms have their own newlines
	perl "$script" --no-tree --terse --no-summary --show-types --max-line-length=100 \
		--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,SYSFS_EMIT -f "${files[@]}" | none "checkpatch.pl"
}

check_sparse()
{
	local headers
	need sparse || return
	headers=$(devtools/kernel-fetch.sh headers) || skip "no linux-headers-amd64 here, devtools/setup.sh lint installs it" || return
	devtools/kernel-build.sh "$headers" build-sparse C=2 W=1 2>&1 |
		{ grep -E 'warning:|error:|\*\*\*' || true; } | sort -u | none "sparse, or gcc with W=1"
}

# $1: compiler
check_warnings()
{
	local dir=build-werror-$1 log
	need "$1" || return
	log=$(mktemp)
	if { [ -e "$dir/build.ninja" ] || CC=$1 meson setup --werror -Db_lundef=false "$dir"; } >"$log" 2>&1 &&
		ninja -C "$dir" >>"$log" 2>&1; then
		rm -f "$log"
		return
	fi
	sed -n '/^FAILED\|ERROR/,$p' "$log" | grep -v "^$1 " | head -60
	rm -f "$log"
	return 1
}

check_gcc()
{
	check_warnings gcc
}

check_clang()
{
	check_warnings clang
}

git ls-files --error-unmatch meson.build >/dev/null || exit 1

[ $# -gt 0 ] || set -- "${all[@]}"
passed=0
failed=()
skipped=()
for check; do
	status=0
	[[ " ${all[*]} " = *" $check "* ]] || {
		echo "lint: no check '$check', there are: ${all[*]}" >&2
		exit 2
	}
	output=$("check_$check" 2>&1) || status=$?
	case $status in
	0)
		passed=$((passed + 1))
		echo "lint $check: ok"
		;;
	77)
		skipped+=("$check")
		echo "lint $check: $output"
		;;
	*)
		failed+=("$check")
		echo "lint $check: FAILED"
		echo "$output" | sed 's/^/    /'
		;;
	esac
done
echo "lint: $passed passed, ${#failed[@]} failed, ${#skipped[@]} skipped${failed[*]:+ (failed: ${failed[*]})}"
[ ${#failed[@]} -eq 0 ] || exit 1
[ $passed -gt 0 ] || exit 77
