#!/bin/sh
# tier: fast
# check_readme.sh SOURCE BUILD: the C example that the README shows is examples/readme.c to the
# letter, which is built and run as a test; every verb, test and file that the README names exists;
# its session with the tool runs, each line with the status that it shows. shellcheck
# disable=SC2013,SC2016 # none of these words holds a space; a backquote is a backquote
set -eu
here=$(pwd) build=$2
cd "$1"
shown=$(awk '/^```c$/ {inside = 1; next} /^```/ {inside = 0} inside' README.md)
[ -n "$shown" ] || { echo "README.md shows no C example"; exit 1; }
if [ "$shown" != "$(cat examples/readme.c)" ]; then
	echo "the example in README.md is not examples/readme.c"
	exit 1
fi
fail=0
for verb in $(grep -oE '\./run [a-z]+' README.md | awk '{print $2}' | sort -u); do
	./run help | grep -q "^\./run $verb" && continue
	echo "README.md names ./run $verb, which is no verb"
	fail=1
done
for path in $(sed -nE 's/.*\]\(([^):#]+)\).*/\1/p' README.md | sort -u); do
	[ -e "$path" ] || { echo "README.md links to $path, which does not exist"; fail=1; }
done
for name in $(grep -oE '`(\./run test -R )?(test|check)_[a-z_]+`' README.md |
	grep -oE '(test|check)_[a-z_]+' | sort -u); do
	[ -n "$(find tests -name "$name.*")" ] && continue
	echo "README.md names $name, which is no test"
	fail=1
done

# Lines of the session: `holdfast ...`, maybe with `# exit N` behind it.
awk '/^```sh$/ {inside = 1; next} /^```/ {inside = 0}
	inside && /^(holdfast|export HOLDFAST_DIR)/' README.md >"$here/session"
if [ "$(grep -c '^holdfast' "$here/session")" -lt 5 ]; then
	echo "README.md shows no session with the tool"
	fail=1
fi
cd "$here"
PATH=$build:$PATH
while IFS= read -r line; do
	wanted=$(echo "$line" | sed -nE 's/.*# exit ([0-9]+).*/\1/p')
	status=0
	eval "$line" >out 2>err </dev/null || status=$?
	[ "$status" -eq "${wanted:-0}" ] && continue
	echo "README.md: \`$line\` ends with $status"
	cat out err
	fail=1
done <session
exit $fail
