#!/bin/sh
# tier: fast
# check_docs.sh SOURCE BUILD: what the pages of the documentation name is there: linked files and
# headings, tests, sabotage patches and verbs of ./run. Every page of docs/ is linked from
# docs/README.md, and every invariant, rule and decision row that sources and tests name by its id
# is explained on a page. (README.md's own example and session: check_readme.sh. Lengths and widths:
# test_documents.) shellcheck disable=SC2013,SC2016,SC2086 # none of these words holds a space,
# $pages is several; a backquote is a backquote
set -eu
cd "$1"
fail=0
complain()
{
	echo "$1"
	fail=1
}

# Is the word in the list? Without a process for each question.
has()
{
	case " $1 " in *" $2 "*) return 0 ;; esac
	return 1
}

verbs=$(./run help | sed -nE 's/^\.\/run ([a-z]+).*/\1/p' | tr '\n' ' ')
tests=$(find tests -name 'test_*' -o -name 'check_*' | sed -E 's/.*\///; s/\.[a-z]+$//' |
	tr '\n' ' ')

pages="README.md DESIGN.md CONTRIBUTING.md SECURITY.md CHANGELOG.md
$(find docs -name '*.md' | sort)"
# The anchor of a heading, as GitHub makes it.
anchors()
{
	sed -nE 's/^#+ +(.*)/\1/p' "$1" | tr '[:upper:]' '[:lower:]' |
		sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
# Lines of PAGE:WORD, once each.
for found in $(grep -oHE '\]\([^) ]+\)' $pages | sed -E 's/:\]\(/:/; s/\)$//' |
	grep -vE ':[a-z]+:' | sort -u); do
	page=${found%%:*} link=${found#*:} folder=. anchor=
	case $page in */*) folder=${page%/*} ;; esac
	case $link in *'#'*) anchor=${link#*#} ;; esac
	file=${link%%#*} target=$page
	[ -z "$file" ] || target=$folder/$file
	[ -e "$target" ] || { complain "$page links to $link, which does not exist"; continue; }
	[ -z "$anchor" ] || anchors "$target" | grep -qxF -- "$anchor" ||
		complain "$page links to $link: no such heading"
done
for found in $(grep -oHE '\./run [a-z]+' $pages | sed 's/\.\/run //' | sort -u); do
	has "$verbs" "${found#*:}" || complain "${found%%:*} names ./run ${found#*:}, which is no verb"
done
for found in $(grep -oHE '`(\./run test -R )?(test|check)_[a-z_]+`' $pages |
	sed -E 's/`(\.\/run test -R )?//; s/`//' | sort -u); do
	has "$tests" "${found#*:}" || complain "${found%%:*} names ${found#*:}, which is no test"
done

linked=$(grep -oE '\]\([^)#]+' docs/README.md | sed 's/^](//' | tr '\n' ' ')
for page in $(find docs -name '*.md' | sort); do
	[ "$page" = docs/README.md ] || has "$linked" "${page#docs/}" ||
		complain "docs/README.md does not link to $page"
done

# Backquoted words behind "sabotage" up to the end of a table's cell or a sentence.
for name in $(grep -rhoE 'sabotage `[a-z-]+`(, `[a-z-]+`)*' docs | grep -oE '`[a-z-]+`' |
	tr -d '`' | sort -u); do
	[ -n "$(find tests/sabotage -name "$name.patch")" ] ||
		complain "docs name the sabotage $name, which does not exist"
done
explained=$(grep -rhoE '\bI-[A-Z]+-([0-9]+|[A-Z]+)\b' docs | sort -u | tr '\n' ' ')
for id in $(grep -rhoE '\bI-[A-Z]+-([0-9]+|[A-Z]+)\b' engine tests tools bindings \
	--include='*.[ch]' --include='*.py' --include='*.sh' | sort -u); do
	has "$explained" "$id" ||
		complain "$id is cited in the sources and explained on no page of docs/"
done
rows=$(sed -nE 's/^\| ([RD][0-9]+b?) \|.*/\1/p' docs/recovery.md | tr '\n' ' ')
for id in R1 R2 R3 R4 R5 R6 R7 R8 R9 D1 D1b D2 D3 D4 D5 D6 D7 D8 D8b D9 D10 D11; do
	has "$rows" "$id" || complain "docs/recovery.md has no row $id"
done
for id in $(grep -rhoiE '\brule [0-9]+\b' engine tests --include='*.[ch]' --include='*.py' |
	awk '{print $2}' | sort -nu); do
	grep -qE "^$id\. " docs/guarantees.md ||
		complain "rule $id is cited in the sources and stands nowhere in docs/guarantees.md"
done
exit $fail
