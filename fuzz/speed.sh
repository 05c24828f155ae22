#!/usr/bin/env bash
# How fast generated programs are run and checked, with proptest and with libFuzzer and AddressSanitizer, beside plain runs of the
# same programs.
#
#   speed.sh [TIMES]     each input of the corpus of `schedule` so many times, 200 if nothing is said
set -euo pipefail
cd "$(dirname "$0")"
times="${1:-200}"

(cd .. && cargo run --release --quiet -p reveille-properties --example speed)
cargo +nightly fuzz build schedule 2>/dev/null
inputs=(corpus/schedule/*)
run() { cargo +nightly fuzz run schedule "${inputs[@]}" -- "-runs=$1" >/dev/null 2>&1; }
now() { date +%s%N; }
# What it takes to start is measured, and taken off.
begin=$(now)
run 1
once=$(($(now) - begin))
begin=$(now)
run "$((times + 1))"
took=$(($(now) - begin - once))
echo "the same ${#inputs[@]} inputs with libFuzzer and AddressSanitizer"
echo "  the target: $((times * ${#inputs[@]} * 1000000000 / took)) a second"
