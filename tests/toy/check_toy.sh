#!/bin/sh
# tier: fast
# check_toy.sh SOURCE BUILD: the tool and the Python binding against the library that knows the toy
# domain: its table says what its header says; notes that Python writes are read by Python, printed
# as JSON by the tool, and found sound by fsck.
set -eu
source=$1 toy=$2/toy
export HOLDFAST_LIBRARY="$toy/libholdfast.so" PYTHONPATH="$source/bindings/python"
export PYTHONDONTWRITEBYTECODE=1
python3 "$source/tests/style/api_table.py" "$source" "$HOLDFAST_LIBRARY" \
	"$source/tests/toy/note/note.h"
rm -rf store
python3 "$source/tests/toy/notes.py" store
fail=0
expect() # WORD: in what the last command printed
{
	grep -qF "$1" out || { echo "missing: $1"; cat out; fail=1; }
}
"$toy/holdfast" -C store --json why note/a >out
expect '"operation":"put","object":"note/a"'
"$toy/holdfast" -C store --json log >out
expect '"domain":"note"'
"$toy/holdfast" -C store --json fsck >out
expect '"note"'
exit $fail
