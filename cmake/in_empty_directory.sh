#!/bin/sh
# in_empty_directory.sh DIRECTORY COMMAND...: runs the command in a new, empty directory. What a
# test leaves there stays for a look.
set -eu
directory=$1
shift
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"
exec "$@"
