#!/bin/sh
# tier: fast
# check_calls.sh SOURCE BUILD: every public function begins with HF__CALL, which keeps a thread that
# the host cancels inside it from leaving locks taken and others waiting. Arguments that have a
# struct hf_write have it behind their size: hf__mutate takes it from there.
set -eu
source=$1
declared=$(cat "$source"/engine/include/holdfast/*.h | grep -v '^#define' |
	tr '\n' ' ' | tr ';' '\n' |
	sed -nE 's/.*HF_API ([^(]*[ *])(hf_[a-z0-9_]+)\(.*/\2/p' | sort)
[ -n "$declared" ] || { echo "no public function found in the headers"; exit 1; }
# In our style a definition begins in the first column and its body between braces alone there.
# What a macro of engine/domains/common defines begins so by the macro.
for macro in MUTATION READ_BODY NAMES; do
	awk -v define="#define HF__$macro(" 'index($0, define) == 1 { inside = 1 }
		inside && /^\t\{ / { getline; found = $1 == "HF__CALL;"; inside = 0 }
		END { exit !found }' "$source"/engine/domains/common/*.h ||
		{ echo "HF__$macro does not begin with HF__CALL"; exit 1; }
done
for macro in LIST COUNT GET FIGURES GET_ALL HAS NUMBER; do
	grep -A3 "^#define HF__$macro(" "$source/engine/domains/common/read.h" |
		grep -qE '[[:blank:]]HF__READ_BODY\(' ||
		{ echo "HF__$macro is no HF__READ_BODY"; exit 1; }
done
begins=$(find "$source/engine" -name '*.c' -exec awk '
	/^[a-z].*[ *]hf_[a-z0-9_]+\(/ && !/^static / {
		name = $0
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
	}
	/^HF__(MUTATION|LIST|COUNT|GET|FIGURES|GET_ALL|HAS|NUMBER|NAMES)\(hf_/ {
		split($0, defined, /[(,]/)
		print defined[2]
	}
	/^\{$/ && name != "" {
		getline
		if ($0 == "\tHF__CALL;") print name
		name = ""
	}
	/^\}$/ || /;$/ { name = "" }' {} + | sort)
missing=$(printf '%s\n' "$declared" | grep -vxF "$begins" || true)
if [ -n "$missing" ]; then
	printf 'these do not begin with HF__CALL:\n%s\n' "$missing" | sed '2,$s/^/    /'
	exit 1
fi
late=$(awk '/^struct hf_[a-z_]+ \{$/ { name = $2; member = 0 }
	/^\t[a-z].*;/ { member++ }
	/^\tstruct hf_write write;/ && member != 2 { print FILENAME ": struct " name }' \
	"$source"/engine/include/holdfast/*.h)
[ -z "$late" ] || { printf 'struct hf_write is not behind the size of:\n%s\n' "$late"; exit 1; }
echo "$(printf '%s\n' "$declared" | wc -l) functions"
