#!/bin/sh
# check_model_served.sh SOURCE BUILD: see test_model_served.py. With the system's own python3, which
# is what its packages of hypothesis and redis are for.
set -eu
source=$1 build=$2
export HOLDFAST_LIBRARY="$build/libholdfast_model.so" PYTHONDONTWRITEBYTECODE=1
for needed in hypothesis redis; do
	if ! /usr/bin/python3 -c "import $needed" 2>/dev/null; then
		echo "Debian's python3-$needed is missing; ./run test installs it"
		exit 1
	fi
done
exec /usr/bin/python3 "$source/tests/model/test_model_served.py"
