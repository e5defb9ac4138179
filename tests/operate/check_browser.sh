#!/bin/sh
# tier: medium
# check_browser.sh SOURCE BUILD: the pages of `holdfast ui` in Chromium: test_browser.py. Where
# there is none it is skipped: it is large, and ./run does not install it.
set -eu
source=$1 build=$2
export HF_SOURCE="$source" HF_BUILD="$build" HF_TOOL="$build/holdfast"
export HOLDFAST_LIBRARY="$build/libholdfast.so"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$source/bindings/python:$source/tests/operate"
if ! /usr/bin/python3 -c 'import pytest' 2>/dev/null; then
	echo "Debian's python3-pytest is missing; ./run test installs it"
	exit 1
fi
if ! HF_CHROMIUM=$(command -v chromium || command -v chromium-browser); then
	echo "SKIP: there is no Chromium"
	exit 0
fi
export HF_CHROMIUM
exec /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider --rootdir "$source/tests/operate" \
	"$source/tests/operate/test_browser.py"
