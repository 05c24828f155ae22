#!/bin/sh
# Builds and runs gallery entries, each in its buggy and its fixed variant, with default settings but for what an entry's file
# `environment` says.
#
#     run.sh [id ...]         all entries if none is named
#
# Prints a line per variant: entry, variant, finding or `clean`, runs taken, the user's line, milliseconds. Exits with 1
# if a variant does not end as its entry's file `expected` says. The lines, separated by tabs, are also left in
# `target/gallery/results.tsv`, each with `right` or what was expected, and `readme.sh` makes the table of the README
# from them.
set -eu

gallery=$(cd "$(dirname "$0")" && pwd)
# One target directory for all entries: they share what they have in common, which is most of it.
target=${CARGO_TARGET_DIR:-$gallery/../../target}/gallery
mkdir -p "$target"
target=$(cd "$target" && pwd)

if [ $# -eq 0 ]; then
    set -- $(cd "$gallery" && ls -d -- */expected | sed 's,/expected$,,')
fi

: > "$target/results.tsv"
tab=$(printf '\t')
differ=0

# Runs a variant, with the variables of the entry's file `environment`, if it has one, and prints its line. A poll that never
# returns ends the process, with the report of the watchdog; then the line is made from that.
perform() { # entry, variant
    settings=$(cat "$gallery/$1/environment" 2> /dev/null || true)
    began=$(date +%s)
    status=0
    env $settings "$target/release/$1-$2" 2> "$target/complaint" || status=$?
    first=$(grep -m 1 '^reveille: endless poll in' "$target/complaint" || true)
    if [ -n "$first" ]; then
        run=$(printf '%s\n' "$first" | sed -n 's/.*(run \([0-9]*\) of .*/\1/p')
        # Where it goes round, if that is known, else where it was before.
        place=$(sed -n 's/^ *awaits .*\(program\.rs:[0-9]*\):.*/\1/p' "$target/complaint" | tail -n 1)
        printf '%s\t%s\tendless poll\t%s\t%s\t%s\n' "$1" "$2" $((run + 1)) "${place:--}" "$((1000 * ($(date +%s) - began)))"
    else
        cat "$target/complaint" >&2
        return $status
    fi
}

for id in "$@"; do
    if [ ! -f "$gallery/$id/expected" ]; then
        echo "no entry is called \`$id\`; the entries are the folders of $gallery" >&2
        exit 1
    fi
    for variant in buggy fixed; do
        cargo build --quiet --release --target-dir "$target" --manifest-path "$gallery/$id/$variant/Cargo.toml"
        line=$(perform "$id" "$variant")
        printf '%s\n' "$line" | awk -F "$tab" '{ printf "%-28s %-6s %-22s %6s  %-18s %8s ms\n", $1, $2, $3, $4, $5, $6 }'

        found=$(printf '%s\n' "$line" | awk -F "$tab" '{ print $3 ($5 == "-" ? "" : " at " $5) }')
        expected=$(sed -n "s/^$variant: //p" "$gallery/$id/expected")
        if [ "$found" = "$expected" ]; then
            verdict=right
        else
            verdict=$expected
            echo "    expected: $expected" >&2
            differ=1
        fi
        printf '%s\t%s\n' "$line" "$verdict" >> "$target/results.tsv"
    done
done
exit $differ
