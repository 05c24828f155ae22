#!/usr/bin/env bash
# Runs every fuzz target for so many seconds and prints what each did. New inputs go to a scratch corpus, not to the kept one.
#
#   smoke.sh SECONDS [TARGET..]
#
# Exit status 1 if a target finds something: its input is then in artifacts/, and the report at the end of its log.
set -uo pipefail
cd "$(dirname "$0")"

seconds="${1:?usage: smoke.sh SECONDS [TARGET..]}"
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(cd fuzz_targets && printf '%s\n' ./*.rs | sed 's|^\./||; s|\.rs$||')

cargo +nightly fuzz build || exit 1
bad=0
printf '%-14s %12s %8s %8s %8s  %s\n' target executions seconds per-s edges result
for target in "${targets[@]}"; do
    log="artifacts/$target.log"
    mkdir -p "artifacts/corpus/$target"
    begun=$SECONDS
    cargo +nightly fuzz run "$target" "artifacts/corpus/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -print_final_stats=1 >"$log" 2>&1
    status=$?
    took=$((SECONDS - begun))
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    result=ok
    if [ "$status" -ne 0 ]; then
        result="FOUND: $(sed -n '/panicked at/{n;p;q;}' "$log" | cut -c 1-90), see fuzz/$log"
        bad=1
    fi
    printf '%-14s %12s %8s %8s %8s  %s\n' "$target" "${executions:--}" "$took" "${rate:--}" "${edges:--}" "$result"
done
exit "$bad"
