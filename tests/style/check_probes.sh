#!/bin/sh
# tier: fast
# check_probes.sh SOURCE BUILD: the static probes that docs/operate/metrics.md lists are in the
# shared library, if the system's header for them was there when it was built.
set -eu
source=$1 build=$2
if ! echo '#include <sys/sdt.h>' | cc -E - >/dev/null 2>&1; then
	echo "skipped: sys/sdt.h (of Debian's package systemtap-sdt-dev) is not there"
	exit 0
fi
notes=$(readelf -n "$build/libholdfast.so")
listed=$(sed -n 's/^| `\([a-z]*\(__[a-z]*\)\{0,1\}\)(.*/\1/p' "$source/docs/operate/metrics.md")
[ "$(echo "$listed" | wc -l)" -eq 9 ] || { echo "the page lists other probes: $listed"; exit 1; }
for name in $listed; do
	if ! echo "$notes" | grep -A1 'Provider: holdfast$' | grep -q "Name: $name\$"; then
		echo "no probe $name in the library"
		exit 1
	fi
done
