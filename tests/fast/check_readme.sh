#!/bin/sh
# check_readme.sh SOURCE BUILD: the C example that the README shows is examples/readme.c to the letter, which is built and run as a
# test; every verb and file that the README names exists.
# shellcheck disable=SC2013 # none of these words holds a space
set -eu
cd "$1"
shown=$(awk '/^```c$/ {inside = 1; next} /^```/ {inside = 0} inside' README.md)
[ -n "$shown" ] || { echo "README.md shows no C example"; exit 1; }
[ "$shown" = "$(cat examples/readme.c)" ] || { echo "the example in README.md is not examples/readme.c"; exit 1; }
fail=0
for verb in $(grep -oE '\./run [a-z]+' README.md | awk '{print $2}' | sort -u); do
	./run help | grep -q "^\./run $verb" || { echo "README.md names ./run $verb, which is no verb"; fail=1; }
done
for path in $(sed -nE 's/.*\]\(([^):#]+)\).*/\1/p' README.md | sort -u); do
	[ -e "$path" ] || { echo "README.md links to $path, which does not exist"; fail=1; }
done
exit $fail
