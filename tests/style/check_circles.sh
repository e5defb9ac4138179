#!/bin/sh
# tier: fast
# check_circles.sh SOURCE BUILD: on no floor of the engine do files form a circle, so that each can
# be read, and tested, with those below it alone. What needs what is seen by figures.py; a small
# tree with a circle in it shows that it sees one.
set -eu
cd "$1"
export PYTHONDONTWRITEBYTECODE=1
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

mkdir -p "$made/engine/store"
printf 'void b(void);\nvoid a(void)\n{\n\tb();\n}\n' >"$made/engine/store/a.c"
printf 'void b(void)\n{\n}\n' >"$made/engine/store/b.c"
python3 tests/style/figures.py "$made" --no-circles engine/store
printf 'void a(void);\nvoid b(void)\n{\n\ta();\n}\n' >"$made/engine/store/b.c"
if python3 tests/style/figures.py "$made" --no-circles engine/store >"$made/seen"; then
	echo "a circle of two files was not seen"
	exit 1
fi
grep -q 'circle of 2 files: a.c, b.c' "$made/seen"

python3 tests/style/figures.py --no-circles \
	engine/base engine/os engine/log engine/object engine/api engine/store engine/domains
