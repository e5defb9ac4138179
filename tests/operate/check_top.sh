#!/bin/sh
# tier: medium
# check_top.sh SOURCE BUILD: `holdfast top` on a terminal that pyte plays: test_top.py. With the
# system's own python3, which is what its packages of pytest and pyte are for.
set -eu
source=$1 build=$2
export HF_SOURCE="$source" HF_BUILD="$build" HF_TOOL="$build/holdfast"
export HOLDFAST_LIBRARY="$build/libholdfast.so"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$source/bindings/python:$source/tests/operate"
if ! /usr/bin/python3 -c 'import pytest, pyte' 2>/dev/null; then
	echo "Debian's python3-pytest or python3-pyte is missing; ./run test installs them"
	exit 1
fi
exec /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider --rootdir "$source/tests/operate" \
	"$source/tests/operate/test_top.py"
