#!/usr/bin/env bash
# Runs all benchmarks, round after round, and writes the table into README.md.
#
#     benches/run.sh            five rounds, about 15 minutes
#     benches/run.sh 3          so many rounds
#     benches/run.sh --quick    one short round: whether it works, not what it says
#
# In a round each benchmark runs right beside its peers, so what else the machine does meets both; and rounds are repeated,
# since it does not meet both alike.
set -euo pipefail
cd "$(dirname "$0")"

rounds=5
measure=(--warm-up-time 0.2 --measurement-time 0.6)
case "${1-}" in
    "") ;;
    [1-9]) rounds=$1 ;;
    --quick)
        rounds=1
        measure=(--warm-up-time 0.05 --measurement-time 0.1)
        ;;
    *)
        echo "usage: benches/run.sh [ROUNDS | --quick]" >&2
        exit 2
        ;;
esac

target=${CARGO_TARGET_DIR:-target}
rm -rf "$target/criterion"
cargo test --release --quiet
cargo build --release --quiet --bins
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    cargo bench --quiet --benches -- "${measure[@]}" --save-baseline "round-$round" >"$target/bench.log" 2>&1 ||
        { tail -n 40 "$target/bench.log" >&2; exit 1; }
done
"$target/release/memory" >"$target/memory.txt"
"$target/release/table" "$target/criterion" "$rounds" "$target/memory.txt" README.md
./summary.sh
