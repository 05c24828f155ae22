#!/bin/sh
# Prints the table of AsyncBench.
#
#     run.sh            all programs, 20 trials: a quarter of an hour
#     run.sh --quick    two short trials a program, to see that it works
#     run.sh --write [listed] [held-out] [shrink] [rate]
#                       measures these, or all, and writes all into ../README.md; the others are as they were last
#
# Further arguments go to the program: see src/main.rs. What the table is made from is left in target/, a JSON line a search.
set -eu
cd "$(dirname "$0")"
mkdir -p target
cargo build --release --quiet
bin=${CARGO_TARGET_DIR:-target}/release/asyncbench

if [ "${1-}" != --write ]; then
    exec "$bin" --raw target/asyncbench.jsonl "$@" 2>/dev/null
fi
shift
[ $# -gt 0 ] || set -- listed held-out shrink rate
for part in "$@"; do
    case $part in
        listed) "$bin" --raw target/asyncbench.jsonl ;;
        held-out) "$bin" --held-out --raw target/held-out.jsonl ;;
        shrink) "$bin" --shrink ;;
        rate) "$bin" --rate ;;
        *) echo "there is no part $part" >&2; exit 1 ;;
    esac > "target/$part.md" 2>/dev/null
done
{
    cat target/listed.md
    echo
    cat target/held-out.md
    printf '\nHow small failures are made:\n\n'
    cat target/shrink.md
    printf '\nPolls per second:\n\n'
    cat target/rate.md
} > target/tables.md
awk -v tables=target/tables.md '
    /<!-- asyncbench: / { print; while ((getline line < tables) > 0) print line; skipping = 1; next }
    /<!-- end of asyncbench -->/ { skipping = 0 }
    !skipping { print }
' ../README.md > target/README.md
cp target/README.md ../README.md
../summary.sh
