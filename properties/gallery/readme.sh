#!/bin/sh
# Runs the whole gallery and writes what came out of it into README.md, between the markers, so that no figure there is
# typed by hand. An entry that does not end as expected is marked so, and the exit status is then 1.
set -eu

cd "$(dirname "$0")"
status=0
./run.sh || status=$?
# With 1 an entry did not end as expected; anything else is a run that came to no end.
[ $status -le 1 ] || exit $status
results=${CARGO_TARGET_DIR:-../../target}/gallery/results.tsv
tab=$(printf '\t')
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

{
    echo '| entry | upstream | finding | at | runs | time |'
    echo '|---|---|---|---|---:|---:|'
    awk -F "$tab" '$2 == "buggy" && $3 != "clean"' "$results" | while IFS=$tab read -r id _ finding runs line took verdict; do
        source=$(sed -n '1s/ · .*//p' "$id/about.md")
        [ "$verdict" = right ] || finding="$finding (wrong: expected $verdict)"
        printf '| [%s](%s) | %s | %s | `%s` | %s | %s ms |\n' "$id" "$id" "$source" "$finding" "$line" "$runs" "$took"
    done
} > "$work/table"
for id in $(cut -f 1 "$results" | uniq); do
    printf '### %s\n\n' "$id"
    sed '1{s/$/./;}' "$id/about.md"
    echo
done | sed '$d' > "$work/stories"

# Copies a file, with the lines between the two markers replaced by those of another file.
replace() { # name of the block, file with its new lines
    awk -v begin="<!-- $1: made by readme.sh -->" -v end="<!-- end of $1 -->" -v lines="$2" '
        $0 == end { while ((getline line < lines) > 0) print line; skip = 0 }
        !skip
        $0 == begin { skip = 1 }'
}
replace table "$work/table" < README.md | replace stories "$work/stories" > "$work/README.md"
cp "$work/README.md" README.md
exit $status
