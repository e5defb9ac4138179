#!/bin/sh
# tier: fast
# check_setup.sh SOURCE BUILD: what ./run does about packages, with a made-up dpkg-query, apt-get
# and sudo in its way: nothing is called when all are there; what is missing, and no more, is
# installed by root or through sudo, without recommends and without questions; without either the
# one line to type is printed, and the status is 3.
set -eu
source=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
mkdir "$here/bin" "$here/top"
chmod 755 "$here" "$here/bin" "$here/top"
cp "$source/run" "$here/top/run" # a copy, so that other users can read it

cat >"$here/bin/dpkg-query" <<'END'
#!/bin/sh
for package; do :; done
case " $MISSING " in
*" $package "*) exit 1 ;;
*) echo installed ;;
esac
END
cat >"$here/bin/apt-get" <<'END'
#!/bin/sh
echo "apt-get $* ($DEBIAN_FRONTEND)" >>"$CALLS"
END
cat >"$here/bin/sudo" <<'END'
#!/bin/sh
[ "$SUDO_WORKS" = yes ] && [ "$1" = -n ] || exit 1
shift
[ "$1" = true ] || echo "sudo" >>"$CALLS"
exec "$@"
END
chmod 755 "$here/bin/"*

# set_up WHO SUDO MISSING: calls ./run for something that needs the packages and then ends by
# itself, with status 2.
set_up()
{
	: >"$here/calls"
	chmod 666 "$here/calls"
	status=0
	as=
	[ "$1" = root ] || [ "$(id -u)" -ne 0 ] || as="setpriv --reuid=65534 --clear-groups"
	SUDO_WORKS=$2 MISSING=$3 CALLS=$here/calls PATH=$here/bin:$PATH \
		$as "$here/top/run" bench none >"$here/out" 2>"$here/err" || status=$?
}

# holds WHAT COMMAND...: or the test ends, with all that is to be known.
holds()
{
	what=$1
	shift
	"$@" && return 0
	echo "does not hold: $what (status $status)"
	cat "$here/calls" "$here/out" "$here/err"
	exit 1
}

installs='apt-get .*install .*-y --no-install-recommends ninja-build libyajl-dev (noninteractive)'

set_up user no ""
holds "with all packages there it goes on" [ "$status" -eq 2 ]
holds "and calls nothing" [ ! -s "$here/calls" ]

set_up user no "ninja-build libyajl-dev"
holds "without root and sudo it ends with 3" [ "$status" -eq 3 ]
holds "having called nothing" [ ! -s "$here/calls" ]
line='apt-get install -y --no-install-recommends ninja-build libyajl-dev$'
holds "and names the line" grep -q "$line" "$here/err"

set_up user yes "ninja-build libyajl-dev"
holds "with sudo it goes on" [ "$status" -eq 2 ]
holds "having updated and installed through it, once" [ "$(grep -c . "$here/calls")" -eq 4 ]
holds "what was missing" grep -q "$installs" "$here/calls"

if [ "$(id -u)" -eq 0 ]; then
	set_up root no "ninja-build libyajl-dev"
	holds "as root it goes on" [ "$status" -eq 2 ]
	holds "having updated and installed, once" [ "$(grep -c . "$here/calls")" -eq 2 ]
	holds "what was missing" grep -q "$installs" "$here/calls"
fi
