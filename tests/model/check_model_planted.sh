#!/bin/sh
# check_model_planted.sh SOURCE BUILD: see test_planted.py. With the system's own python3, which is
# what its package of hypothesis is for.
set -eu
source=$1 build=$2
export HOLDFAST_LIBRARY="$build/libholdfast_model.so" PYTHONDONTWRITEBYTECODE=1
if ! /usr/bin/python3 -c 'import hypothesis' 2>/dev/null; then
	echo "Debian's python3-hypothesis is missing; ./run test installs it"
	exit 1
fi
exec /usr/bin/python3 "$source/tests/model/test_planted.py"
