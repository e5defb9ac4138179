#!/bin/sh
# tier: fast
# check_api.sh SOURCE BUILD: the tables of engine/api, as the built library gives them, say what the
# public headers say: see api_table.py.
set -eu
exec python3 "$1/tests/style/api_table.py" "$1" "$2/libholdfast.so"
