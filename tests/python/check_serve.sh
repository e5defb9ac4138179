#!/bin/sh
# tier: fast
# check_serve.sh SOURCE BUILD: `holdfast serve` as a process, with the clients that its users have:
# python3-redis, redis-cli, hiredis. See tests/serve/clients/.
set -eu
source=$1 build=$2
export HOLDFAST_TOOL="$build/holdfast" PYTHONDONTWRITEBYTECODE=1
for needed in pytest redis; do
	if ! /usr/bin/python3 -c "import $needed" 2>/dev/null; then
		echo "Debian's python3-$needed is missing; ./run test installs it"
		exit 1
	fi
done
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider --rootdir "$source/tests/serve/clients" \
	--basetemp "$PWD/tmp-serve" "$source/tests/serve/clients"
