#!/bin/sh
# tier: fast
# check_python.sh SOURCE BUILD: the Python binding against the library that was just built: its
# structs compared with the headers, its own tests, and every example of its documentation (those
# that send signals are check_python_signals.sh). With the system's own python3, which is what its
# packages of pytest and hypothesis are for.
set -eu
source=$1 build=$2
export HOLDFAST_LIBRARY="$build/libholdfast.so" PYTHONDONTWRITEBYTECODE=1
if ! /usr/bin/python3 -c 'import pytest' 2>/dev/null; then
	echo "Debian's python3-pytest is missing; ./run test installs it"
	exit 1
fi
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider \
	-c "$source/bindings/python/pyproject.toml" --rootdir "$source/bindings/python" \
	--basetemp "$PWD/tmp" --ignore "$source/bindings/python/tests/signals" "$source/bindings/python"
