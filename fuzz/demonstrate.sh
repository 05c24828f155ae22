#!/usr/bin/env bash
# Shows that the targets can find something: breaks the harness on purpose, in a copy, one defect at a time, and runs the
# target that must notice for a minute at most. It starts without a corpus: what it takes is found from nothing.
#
#   demonstrate.sh            all defects, about a minute each, most of it compiling
#   demonstrate.sh NAME..     these
#
# Exit status 1 if a defect does not apply or is not found.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/.." && pwd)"
case "${CARGO_TARGET_DIR:-}" in
    '') target="$root/target/defects" ;;
    /*) target="$CARGO_TARGET_DIR/defects" ;;
    *) target="$PWD/$CARGO_TARGET_DIR/defects" ;;
esac
export CARGO_TARGET_DIR="$target/build"
export RUST_BACKTRACE=0
tree="$target/tree"
log="$target/log"
names=("$@")
[ "${#names[@]}" -gt 0 ] || mapfile -t names < <(cd "$here/defects" && printf '%s\n' ./*.defect | sed 's|^\./||; s|\.defect$||')

fresh_copy() {
    rm -rf "$tree"
    mkdir -p "$tree"
    tar -C "$root" --exclude=target --exclude=artifacts --exclude=corpus --exclude=gallery -cf - \
        Cargo.toml README.md executor reactor-sim sim properties fuzz | tar -C "$tree" -xf -
}

mkdir -p "$target"
bad=0
printf '%-36s %-14s %s\n' defect target result
for name in "${names[@]}"; do
    defect="$here/defects/$name.defect"
    fuzzer=$(sed -n 's/^target: //p' "$defect")
    fresh_copy
    if ! "$root/executor/mutants/apply.pl" "$defect" "$tree" 2>"$log"; then
        result="does not apply: $(cat "$log")"
        bad=1
    elif ! (cd "$tree/fuzz" && cargo +nightly fuzz build "$fuzzer") >"$log" 2>&1; then
        result="does not compile: $(grep -m 1 '^error' "$log")"
        bad=1
    else
        seconds=$SECONDS
        # From nothing: libFuzzer is given an empty folder.
        mkdir -p "$tree/empty"
        if (cd "$tree/fuzz" && cargo +nightly fuzz run "$fuzzer" "$tree/empty" -- -max_total_time=60) >"$log" 2>&1; then
            result="NOT FOUND in 60 s"
            bad=1
        else
            executions=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -n 1)
            result="found in $((SECONDS - seconds)) s, some $executions executions: $(sed -n '/panicked at/{n;p;q;}' "$log" | cut -c 1-90)"
        fi
    fi
    printf '%-36s %-14s %s\n' "$name" "$fuzzer" "$result"
done
exit "$bad"
