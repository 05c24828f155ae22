#!/bin/sh
# Runs the programs behind what is said of async Rust.
#
#     run.sh            prints the table
#     run.sh streams    prints the rows whose program is called so, as `memory::waiting`, or has it in its name
#     run.sh --write    writes it into README.md
#     run.sh --check    fails if README.md says something else, but for the figures with a star, which vary
set -eu
cd "$(dirname "$0")"

table=${CARGO_TARGET_DIR:-target}/claims.md
cargo build --quiet
run() { cargo run --quiet -- "$@"; }

# README.md with another table; its own without the figures that vary.
with_table() {
    awk -v table="$1" '
        /<!-- claims: / { print; while ((getline line < table) > 0) print line; skipping = 1 }
        /<!-- end of claims -->/ { skipping = 0 }
        !skipping { print }
    ' README.md
}
stable() { sed 's/| [^|]*\* |$/| * |/'; }

case ${1-} in
    '') run ;;
    --write)
        run > "$table"
        with_table "$table" > "$table.readme"
        cp "$table.readme" README.md
        ;;
    --check)
        run > "$table"
        with_table "$table" | stable > "$table.is"
        stable < README.md > "$table.said"
        diff -u "$table.said" "$table.is" || { echo "README.md is out of date: run $0 --write" >&2; exit 1; }
        ;;
    -*) echo "usage: $0 [--write | --check | part of a program's name]" >&2; exit 2 ;;
    *) run "$1" ;;
esac
