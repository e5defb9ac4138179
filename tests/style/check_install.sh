#!/bin/sh
# tier: fast
# check_install.sh SOURCE BUILD: what a user does with an installed holdfast. Installs below the
# current directory, builds examples/readme.c by pkg-config alone against the shared and the static
# library, runs both, and compiles every public header alone, as C11 and, where there is a C++
# compiler, as C++11. shellcheck disable=SC2046,SC2086 # flags are words
set -eu
source=$1 build=$2
here=$(pwd)
env -u DESTDIR cmake --install "$build" --prefix "$here/prefix" >install.log
PKG_CONFIG_PATH=$(dirname "$(find "$here/prefix" -name holdfast.pc)")
export PKG_CONFIG_PATH
library=$(dirname "$PKG_CONFIG_PATH")
cflags=$(pkg-config --cflags holdfast)

cc -std=c11 -Wall -Wextra -Werror $cflags "$source/examples/readme.c" \
	$(pkg-config --libs holdfast) -o with_shared
readelf -d with_shared | grep -q 'NEEDED.*\[libholdfast.so.0\]'
mkdir shared_run && (cd shared_run && LD_LIBRARY_PATH="$library" ../with_shared)

cc -std=c11 $cflags "$source/examples/readme.c" \
	-Wl,-Bstatic $(pkg-config --libs holdfast) -Wl,-Bdynamic \
	$(pkg-config --static --libs holdfast | sed 's/-lholdfast//') -o with_static
if readelf -d with_static | grep -q libholdfast; then exit 1; fi
mkdir static_run && (cd static_run && ../with_static)

for header in "$here"/prefix/include/holdfast/*.h; do
	echo "#include <holdfast/$(basename "$header")>" >header.c
	cc -std=c11 -Wall -Wextra -Wpedantic -Werror $cflags -c header.c -o header.o
	if command -v c++ >/dev/null; then
		c++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror $cflags -c header.c -o header.o
	fi
done
