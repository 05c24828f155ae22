#!/bin/sh
# Builds and runs the audits of gallery entries: the programs there in which nobody loses patience, cut at every await.
#
#     audit.sh [id ...]       all entries that have one, if none is named
#
# Prints a line per variant: entry, variant, what the cuts broke or `clean`, runs with a cut, the user's line, milliseconds.
# Exits with 1 if a variant does not end as the lines `audit ..` of its entry's file `expected` say.
set -eu

gallery=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$gallery/../../target}/gallery
mkdir -p "$target"

if [ $# -eq 0 ]; then
    set -- $(cd "$gallery" && grep -l '^audit ' -- */expected | sed 's,/expected$,,')
fi

tab=$(printf '\t')
differ=0
for id in "$@"; do
    for variant in buggy fixed; do
        cargo build --quiet --release --target-dir "$target" --manifest-path "$gallery/$id/$variant/Cargo.toml" \
            --bin "$id-$variant-audit"
        line=$("$target/release/$id-$variant-audit")
        printf '%s\n' "$line" | awk -F "$tab" '{ printf "%-28s %-6s %-32s %6s  %-14s %8s ms\n", $1, $2, $3, $4, $5, $6 }'
        found=$(printf '%s\n' "$line" | awk -F "$tab" '{ print $3 ($5 == "-" ? "" : " at " $5) }')
        expected=$(sed -n "s/^audit $variant: //p" "$gallery/$id/expected")
        if [ "$found" != "$expected" ]; then
            echo "    expected: $expected" >&2
            differ=1
        fi
    done
done
exit $differ
