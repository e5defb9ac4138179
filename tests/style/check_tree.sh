#!/bin/sh
# tier: fast
# check_tree.sh SOURCE BUILD: no folder holds more than 30 files, and no line of C, Python, shell,
# CMake or a page, nor of any other text that people write, is wider than 100 columns. Patches,
# JSON, plots, corpora of the fuzz targets and data of tests are not read. A file of tests in C has
# at most 500 lines.
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

# Characters are counted, not bytes: what continues one in UTF-8 is left out, as not every awk does.
wide=$(find . -type d \( -name build -o -name .git -o -name __pycache__ -o -path ./fuzz/corpus \
	-o -path ./tests/data -o -name '.?*' ! -name .ci \) -prune -o -type f \
	! -name '*.patch' ! -name '*.json' ! -name '*.jsonl' ! -name '*.pyc' ! -name '*.svg' -print0 |
	sort -z | LC_ALL=C xargs -0 awk -v columns=$columns '
		{
			gsub(/[\200-\277]/, "")
			while ((tab = index($0, "\t")) > 0)
				$0 = substr($0, 1, tab - 1) substr("    ", 1 + (tab - 1) % 4) substr($0, tab + 1)
		}
		length($0) > columns { print FILENAME ":" FNR ": " length($0) " columns" }')
[ -z "$wide" ] || { echo "$wide"; fail=1; }
long=$(find tests -name '*.[ch]' \
	-exec awk 'END { if (NR > 500) print FILENAME ": " NR " lines" }' {} \;)
[ -z "$long" ] || { echo "$long"; fail=1; }
echo "$(printf '%s\n' "$folders" | wc -l) folders"
exit $fail
