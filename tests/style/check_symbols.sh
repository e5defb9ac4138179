#!/bin/sh
# tier: fast
# check_symbols.sh SOURCE BUILD: the shared library exports what public headers mark HF_API and
# nothing else; no global name of the static library can clash with a name of its user.
set -eu
source=$1 build=$2
fail=0

complain()
{
	echo "$1"
	echo "$2" | sed 's/^/    /'
	fail=1
}

exported=$(nm -D --defined-only "$build/libholdfast.so" | awk '{print $3}' | sort)
# A declaration may span lines: join each up to its semicolon, then take the name before the first
# parenthesis.
declared=$(cat "$source"/engine/include/holdfast/*.h | grep -v '^#define' |
	tr '\n' ' ' | tr ';' '\n' |
	sed -nE 's/.*HF_API ([^(]*[ *])(hf_[a-z0-9_]+)\(.*/\2/p' | sort)
[ -n "$declared" ] || complain "no public function found in the headers" ""

only_exported=$(printf '%s\n' "$exported" | grep -vxF "$declared" || true)
only_declared=$(printf '%s\n' "$declared" | grep -vxF "$exported" || true)
internal=$(printf '%s\n' "$exported" | grep -vE '^hf_[^_]' || true)
foreign=$(nm -g --defined-only "$build/libholdfast.a" | awk 'NF == 3 {print $3}' |
	grep -v '^hf_' | grep -vxF _.stapsdt.base || true) # which the system's probes are found by
[ -z "$only_exported" ] || complain "exported, but in no public header:" "$only_exported"
[ -z "$only_declared" ] || complain "in a public header, but not exported:" "$only_declared"
[ -z "$internal" ] || complain "exported, but internal by its name:" "$internal"
[ -z "$foreign" ] ||
	complain "global names of the static library that do not start with hf_:" "$foreign"

# What the library must never call: it does not print, exit, read the environment or install
# handlers.
calls='v?f?printf|__v?f?printf_chk|puts|putchar|perror|exit|_exit|abort'
calls="$calls|getenv|secure_getenv|signal|sigaction|atexit|system"
banned=$(nm -D --undefined-only "$build/libholdfast.so" | awk '{print $2}' | sed 's/@.*//' |
	grep -xE "$calls" || true)
[ -z "$banned" ] || complain "the library calls:" "$banned"

echo "$(printf '%s\n' "$exported" | wc -l) exported functions"
exit $fail
