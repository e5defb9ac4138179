#!/bin/sh
# tier: fast
# check_cxx.sh SOURCE BUILD: the public headers as C++17. No struct, enum or typedef shares its name
# with a function. With each of g++ and clang++ that is there: every header compiles alone and
# without a warning, and so does a program that names each argument struct without the word struct
# and runs.
set -eu
build=$2 headers=$1/engine/include
# Comments and preprocessor lines are no declarations.
cat "$headers"/holdfast/*.h | sed -e 's@//.*@@' -e '/^[[:space:]]*#/d' | tr '\n' ' ' |
	sed -e 's@/\*@\n/*@g' | sed -e 's@^/\*.*\*/@@' | tr '\n' ' ' >declared
words()
{
	grep -oE "$1" declared | grep -oE "$2" | sort -u
}
words '\<hf_[a-z0-9_]+\(' 'hf_[a-z0-9_]+' >functions
{
	words '\<(struct|enum) hf_[a-z0-9_]+ \{' 'hf_[a-z0-9_]+'
	words '\<typedef [^;(]*[ *]hf_[a-z0-9_]+;' 'hf_[a-z0-9_]+;' | tr -d ';'
	words '\(\*hf_[a-z0-9_]+\)' 'hf_[a-z0-9_]+'
} | sort -u >types
words '\<struct hf_[a-z0-9_]+_args \{' 'hf_[a-z0-9_]+_args' >arguments
counts="$(wc -l <arguments) argument structs, $(wc -l <types) types, $(wc -l <functions) functions"
if [ "$(wc -l <functions)" -lt 150 ] || [ "$(wc -l <types)" -lt 180 ]; then
	echo "the headers were not understood: $counts"
	exit 1
fi
shared=$(comm -12 functions types)
[ -z "$shared" ] ||
	{ printf 'both a function and a type:\n%s\n' "$shared" | sed '2,$s/^/    /'; exit 1; }
# A call takes its arguments as a struct that says so.
other=$(grep -oE 'const struct hf_[a-z0-9_]+ \*args' declared |
	grep -vE '_args \*args|hf_timeline_filter \*args' | sort -u || true)
[ -z "$other" ] ||
	{ printf 'arguments that are not called _args:\n%s\n' "$other" | sed '2,$s/^/    /'; exit 1; }

{
	echo '#include <holdfast/holdfast.h>'
	echo 'int main()'
	echo '{'
	sed 's/.*/	{ & args{}; (void)args; }/' arguments
	cat <<'END'
	hf_options options{};
	hf_outbox_enqueue_args mail{};
	hf_store *store = nullptr;
	hf_error error{};
	options.create = options.allow_unsafe_fs = true;
	mail.queue = hf_str("mail");
	mail.id = hf_bytes_of("1", 1);
	int rc = hf_open("store", &options, &store, &error);
	if (rc == HF_OK)
		rc = hf_outbox_enqueue(store, nullptr, &mail, nullptr, &error);
	return hf_close(store, nullptr) == HF_OK ? rc : 1;
}
END
} >every.cc
tried=0
for compiler in g++ clang++; do
	command -v "$compiler" >/dev/null || continue
	tried=$((tried + 1))
	set -- -std=c++17 -Wall -Wextra -pedantic -Werror -I"$headers"
	for file in "$headers"/holdfast/*.h; do
		echo "#include <holdfast/$(basename "$file")>" >alone.cc
		"$compiler" "$@" -fsyntax-only alone.cc
	done
	"$compiler" "$@" every.cc -L"$build" -lholdfast -Wl,-rpath,"$build" -o "every_$compiler"
	rm -rf store
	"./every_$compiler"
done
if [ $tried -eq 0 ]; then
	echo 'SKIP: there is no C++ compiler'
else
	echo "$counts, $tried compilers"
fi
