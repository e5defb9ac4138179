#!/bin/sh
# tier: fast
# check_tree.sh SOURCE BUILD: no folder holds more than 30 files, and no line of C, of a page or of
# a script is wider than 100 columns. Corpora of the fuzz targets and data of tests are not read.
set -eu
export LC_ALL=C.UTF-8
source=$1
limit=30 columns=100 fail=0
cd "$source"

folders=$(find engine tools tests bench fuzz examples bindings docs cmake -type d \
	! -path 'fuzz/corpus*' ! -path 'tests/data*' ! -name __pycache__)
for folder in $folders; do
	count=$(find "$folder" -maxdepth 1 -type f | wc -l)
	[ "$count" -le $limit ] || { echo "$folder holds $count files, more than $limit"; fail=1; }
done

wide=$(find engine tools tests bench fuzz examples bindings -name '*.[ch]' | sort | while read -r file; do
	expand -t4 "$file" | awk -v file="$file" -v columns=$columns \
		'length($0) > columns { print file ":" NR ": " length($0) " columns" }'
done)
[ -z "$wide" ] || { echo "$wide"; fail=1; }
echo "$(printf '%s\n' "$folders" | wc -l) folders"
exit $fail
