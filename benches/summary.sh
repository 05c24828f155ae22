#!/bin/sh
# The figures that the README and the guide's page of comparisons show are those of README.md here: this fills them in.
#
#     summary.sh            fills them in, between the marks `figures` of each page
#     summary.sh --check    fails if a page says something else, which CI does
#
# A row of a page says in its first three cells which row of a table here it is about, and its last one is filled in. `found in each
# trial` is about the counts below AsyncBench's first table. The versions that the guide's page names have to be those that are measured.
set -eu
cd "$(dirname "$0")"

made=$(mktemp)
trap 'rm -f "$made"' EXIT

filled() {
    awk '
        function trim(cell) { gsub(/^ +| +$/, "", cell); return cell }
        function cells(line) { sub(/^\/\/! /, "", line); return split(line, cell, "|") }
        # Tables here: a first cell that is empty is that of the row above.
        FNR == NR {
            if (/^\| /) {
                cells($0)
                if (trim(cell[2]) != "") what = trim(cell[2])
                figure[what, trim(cell[3]), trim(cell[4])] = trim(cell[5])
            } else if (match($0, /^[a-z:]+: [0-9]+ of [0-9]+ programs found in each trial/)) {
                split($0, word, /[: ]+/)
                who = word[1] ":" word[2]
                if (!(who in found)) { found[who] = word[3]; of = word[5] }
            }
            next
        }
        /<!-- figures: / { inside = 1 }
        /<!-- end of figures/ { inside = 0 }
        inside && /^(\/\/! )?\| .*[^-:|]/ && cells($0) >= 6 && trim(cell[5]) != "ratio" {
            what = trim(cell[2]); ours = trim(cell[3]); peer = trim(cell[4])
            if (what ~ /found in each trial/) is = found["ours:" ours] " and " found[peer] " of " of
            else is = figure[what, ours, peer]
            if (is == "" || is ~ /^ and|and  of/) {
                print "no row of benches/README.md is that of: " $0 | "cat >&2"
                exit 1
            }
            print (/^\/\/!/ ? "//! " : "") "| " what " | " ours " | " peer " | " is " |"
            next
        }
        { print }
    ' README.md "$1"
}

for page in ../README.md ../sim/src/guide/coming_from.rs; do
    filled "$page" > "$made"
    if [ "${1-}" != --check ]; then
        cat "$made" > "$page"
    elif ! diff -u "$page" "$made"; then
        echo "$page has other figures than benches/README.md: run benches/summary.sh" >&2
        exit 1
    fi
done

# Each version that the guide names is the one in a lock file: of the benchmarks, or of the workspace, for loom.
sed -n 's/^\/\/! Versions: \(.*\)\.$/\1/p' ../sim/src/guide/coming_from.rs | tr ',' '\n' | while read -r name version; do
    cat ../Cargo.lock Cargo.lock ./*/Cargo.lock echo/madsim/Cargo.lock | grep -A1 "^name = \"$name\"\$" | grep -q "^version = \"$version\"\$" ||
        { echo "the guide names $name $version, which no lock file of the benchmarks has" >&2; exit 1; }
done
