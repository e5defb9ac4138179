#!/bin/sh
# tier: medium
# check_python_signals.sh SOURCE BUILD: the Python binding under signals: Ctrl-C and SIGTERM while
# calls wait and at every instant of the package, closing in forked children, callbacks and at the
# end of the interpreter. Apart from check_python.sh, since its programs take their time.
set -eu
source=$1 build=$2
export HOLDFAST_LIBRARY="$build/libholdfast.so" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider \
	-c "$source/bindings/python/pyproject.toml" --rootdir "$source/bindings/python" \
	--basetemp "$PWD/tmp" "$source/bindings/python/tests/signals"
