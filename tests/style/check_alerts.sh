#!/bin/sh
# tier: fast
# check_alerts.sh SOURCE BUILD: figures and the alert rules of examples/alerts fit together: each
# name that a rule uses is a figure of a store, and is given by it. With promtool, if that is there:
# it takes the figures of a writer and of a reader, with names of any bytes, and the rules, and the
# rules do what their tests say.
set -eu
source=$1 build=$2
export HOLDFAST_LIBRARY="$build/libholdfast.so" PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$source/bindings/python"
here=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-alerts.XXXXXX")
trap 'rm -rf "$here"' EXIT
/usr/bin/python3 - "$here" <<'PY'
import sys

import holdfast

here = sys.argv[1]
with holdfast.open(f"{here}/store", create=True) as store:
    for name in (bytes(range(1, 256)), b"\xff\\", b'"\n', "ü".encode(), b"q" * 512):
        store.outbox.enqueue(name, "1", b"x")
        store.cursors.advance(name[:200] + b"c", b"s" + name[:200], 1)
    store.snapshot()
    store.compact()
    open(f"{here}/writer", "w", newline="").write(store.metrics())
PY
"$build/holdfast" metrics "$here/store" >"$here/reader"
rules="$source/examples/alerts/holdfast.rules.yml"
for name in $(grep -ho 'holdfast_[a-z_]*' "$rules" "${rules%.yml}.test.yml" | sort -u); do
	if ! grep -q "^$name[{ ]" "$here/writer"; then
		echo "a rule names $name, which no store gives"
		exit 1
	fi
done
if ! command -v promtool >/dev/null; then
	echo "skipped: promtool (of Debian's package prometheus) is not there to look at them"
	exit 0
fi
for of in writer reader; do
	promtool check metrics <"$here/$of"
done
promtool check rules "$rules"
promtool test rules "$source/examples/alerts/holdfast.rules.test.yml"
