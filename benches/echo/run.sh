#!/bin/sh
# An echo server and its clients over simulated TCP: here, and on moonpool-sim, madsim and turmoil.
#
#     run.sh            seven rounds, about two minutes; prints the table
#     run.sh 3          so many rounds
#     run.sh --quick    one short round, to see that it works
#     run.sh --write    as the first, and writes the table into ../README.md
#
# In a round each program runs once, beside its peers, and what counts of it is the median of its runs; rounds are repeated, and what
# counts is the median of those. madsim has a build of its own, since its `--cfg` reaches every crate.
set -eu
cd "$(dirname "$0")"

rounds=7 runs=20 write=
case "${1-}" in
    "") ;;
    --write) write=yes ;;
    --quick) rounds=1 runs=2 ;;
    [1-9]) rounds=$1 ;;
    *) echo "usage: benches/echo/run.sh [ROUNDS | --quick | --write]" >&2; exit 2 ;;
esac

target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet
(cd madsim && CARGO_TARGET_DIR="$target/madsim" RUSTFLAGS="--cfg madsim" cargo build --release --quiet)

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# Its name, its load, and its program: a line of the results.
time_one() {
    name=$1 load=$2
    shift 2
    times=$("$@")
    echo "$name $load $(echo "$times" | median)"
}

results="$target/echo.txt"
: > "$results"
bin="$target/release"
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    for latencies in 1 10; do
        time_one random "$latencies" "$bin/reveille" 10 100 "$runs" "$latencies"
        time_one default "$latencies" env STRATEGY=portfolio "$bin/reveille" 10 100 "$runs" "$latencies"
        time_one moonpool-sim "$latencies" "$bin/moonpool" 10 100 "$runs" "$latencies"
        time_one madsim "$latencies" "$target/madsim/release/madsim-echo" 10 100 "$runs" "$latencies"
        time_one turmoil "$latencies" "$bin/turmoil" 10 100 "$runs" "$latencies"
    done
    time_one ten crowd "$bin/reveille" 10 10 "$runs" 1
    # As many runs: of few most are repeated to be compared, and slower.
    time_one crowd crowd "$bin/reveille" 10000 10 "$runs" 1
done >> "$results"

# Each ratio is of the medians of all rounds, beside the least and the greatest of a round.
awk '
    function median(list, count,   i, j, swap) {
        for (i = 2; i <= count; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
            swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
        }
        return list[int((count + 1) / 2)]
    }
    function row(what, load, ours, peer, target,   i, a, b, ratio, least, most, met) {
        for (i = 1; i <= count[ours, load]; i++) {
            a[i] = time[ours, load, i]; b[i] = time[peer, load, i]
            ratio = a[i] / b[i]
            if (i == 1 || ratio < least) least = ratio
            if (i == 1 || ratio > most) most = ratio
        }
        ratio = median(a, count[ours, load]) / median(b, count[ours, load])
        met = target == "" ? "" : ratio <= target ? "met" : "**missed**"
        if (target != "") target = "≤ " target
        printf "| %s | %s | %s | %.2f | %.2f–%.2f | %s | %s |\n", what, ours, peer, ratio, least, most, target, met
    }
    { nth = ++count[$1, $2]; time[$1, $2, nth] = $3 }
    END {
        print "| | ours | peer | ratio | rounds | target | |"
        print "|---|---|---|---:|---:|---:|---|"
        what = "10 clients send 100 messages each and wait for the echo; all latencies are 1 ms"
        row(what, 1, "random", "madsim", 0.6)
        row("", 1, "random", "moonpool-sim", 0.35)
        row("", 1, "random", "turmoil", 0.15)
        row("", 1, "default", "madsim", "")
        row("the same; latencies from 1 ms to 10 ms", 10, "random", "madsim", 0.6)
        row("", 10, "random", "moonpool-sim", 0.35)
        row("", 10, "random", "turmoil", 0.15)
        row("", 10, "default", "madsim", "")
        row("a message among 10,000 connections, to one among 10", "crowd", "crowd", "ten", 2)
    }
' "$results" | sed 's/| crowd | ten |/| random | among 10 |/' > "$target/echo.md"

# What is counted and not timed is the same in every round.
"$bin/memory" | awk '
    { figure[$1] = $2 }
    END {
        print "\n| | ours | target | |"
        print "|---|---:|---:|---|"
        print "| bytes of an idle connection, both ends, 10,000 of them |", figure["bytes_per_connection"], "| | |"
        print "| the same, with a task at each end that waits to read |", figure["bytes_per_waiting_connection"], "| | |"
        allocations = figure["allocations_per_message"]
        print "| allocations of a message, there and back |", allocations, "| ≤ 1 |", (allocations <= 1 ? "met" : "**missed**"), "|"
    }
' >> "$target/echo.md"
cat "$target/echo.md"

if [ -n "$write" ]; then
    awk -v table="$target/echo.md" '
        /<!-- echo: / { print; while ((getline line < table) > 0) print line; skipping = 1; next }
        /<!-- end of echo -->/ { skipping = 0 }
        !skipping { print }
    ' ../README.md > "$target/README.md"
    cp "$target/README.md" ../README.md
    ../summary.sh
fi
