#!/bin/sh
# tier: fast
# check_demo.sh SOURCE BUILD: the demo notices what it is there to notice. Under other seeds it ends
# with 0; with completions skipped, or behind a tool whose export drops an entry or whose fsck finds
# something, it ends with 1 and names what does not hold.
set -eu
build=$2
here=$(pwd)

# play STATUS NAME [arguments]: runs the demo in an empty directory; it must end with that status.
play()
{
	wanted=$1 name=$2 status=0
	shift 2
	mkdir "$here/$name"
	(cd "$here/$name" && "$build/example_demo" "$@") >"$here/$name.out" 2>&1 || status=$?
	[ "$status" -eq "$wanted" ] && return 0
	cat "$here/$name.out"
	echo "$name: the demo ended with $status, not $wanted"
	exit 1
}

# broken NAME TEXT: its table must say FAILED beside TEXT.
broken()
{
	grep -q "^FAILED .*$2" "$here/$1.out" && return 0
	cat "$here/$1.out"
	echo "$1: the demo does not say that this fails: $2"
	exit 1
}

for seed in 11 12; do
	play 0 "seed_$seed" --tool "$build/holdfast" --seed "$seed"
done

play 1 sabotage --tool "$build/holdfast" --sabotage
broken sabotage "no acknowledged completion is lost"
broken sabotage "every imported item was delivered"
broken sabotage "only items whose claim was open at the kill"

# A tool that is the real one but for one lie.
liar()
{
	printf '#!/bin/sh\ncase "$*" in\n%s\nesac\nexec "%s/holdfast" "$@"\n' "$2" "$build" >"$here/$1"
	chmod +x "$here/$1"
}
liar drops_one '*"export --queue"*)
	"'"$build"'/holdfast" "$@" | sed "s/,{\"id\":\"[0-9a-f]*\".*//; s/$/]/"
	exit 0 ;;'
play 1 dropped --tool "$here/drops_one"
broken dropped "outbox.json: exported after the import"
liar finds_damage '*fsck*) exit 5 ;;'
play 1 damaged --tool "$here/finds_damage"
broken damaged "holdfast fsck"
