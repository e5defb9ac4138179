#!/bin/sh
# tier: fast
# check_fast_math.sh SOURCE BUILD: an engine whose compiler may assume that there is no NaN is
# refused while it is built.
set -eu
source=$1
fail=0
for flag in -ffast-math -Ofast -ffinite-math-only; do
	if words=$(${CC:-cc} -std=c11 -D_GNU_SOURCE $flag -fsyntax-only \
		-I"$source/engine" -I"$source/engine/include" \
		"$source/engine/domains/inbox/form.c" 2>&1); then
		echo "$flag is taken"
		fail=1
	elif ! echo "$words" | grep -q 'must not be compiled with -ffast-math'; then
		echo "$flag is refused for another reason:"
		echo "$words"
		fail=1
	fi
done
# Public headers are the host's to compile as it likes.
echo '#include "holdfast/holdfast.h"' |
	${CC:-cc} -std=c11 -ffast-math -fsyntax-only -I"$source/engine/include" -x c - || fail=1
exit $fail
