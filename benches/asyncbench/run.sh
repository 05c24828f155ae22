#!/bin/sh
# Prints the table of AsyncBench.
#
#     run.sh            all programs, 20 trials: a quarter of an hour
#     run.sh --quick    two short trials a program, to see that it works
#     run.sh --write    writes all tables into ../README.md: of the list, of the held-out programs, of shrinking, of the rate
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
{
    "$bin" --raw target/asyncbench.jsonl "$@"
    echo
    "$bin" --held-out --raw target/held-out.jsonl "$@"
    printf '\nHow small failures are made:\n\n'
    "$bin" --shrink
    printf '\nPolls per second:\n\n'
    "$bin" --rate
} > target/tables.md 2>/dev/null
awk -v tables=target/tables.md '
    /<!-- asyncbench: / { print; while ((getline line < tables) > 0) print line; skipping = 1; next }
    /<!-- end of asyncbench -->/ { skipping = 0 }
    !skipping { print }
' ../README.md > target/README.md
cp target/README.md ../README.md
