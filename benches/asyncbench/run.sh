#!/bin/sh
# Prints the table of AsyncBench; with --quick two short trials a program, to see that it works.
# Further arguments go to the program: see src/main.rs.
set -eu
cd "$(dirname "$0")"
mkdir -p target
cargo build --release --quiet
bin=${CARGO_TARGET_DIR:-target}/release/asyncbench
exec "$bin" --raw target/asyncbench.jsonl "$@" 2>/dev/null
