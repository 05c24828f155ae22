#!/bin/sh
# Shows that the loom models can fail: applies each mutant in this folder to a copy of the crate, one at a time, and runs
# the models that must notice it. See README.md for the format.
#
#   run.sh [NAME...]            all mutants, or these; all take a quarter of an hour
#   run.sh --quick              five of them
#   run.sh --apply              applies all of them and runs nothing: seconds
#   run.sh --plain [NAME...]    runs the ordinary tests instead, which must all pass: it takes a model to notice a mutant
#
# Exit status 1 if a mutant survives (with --plain: if it does not), does not apply, or does not compile, or if a test
# fails without a mutant.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case "${CARGO_TARGET_DIR:-}" in
    '') target="$root/target/mutants" ;;
    /*) target="$CARGO_TARGET_DIR/mutants" ;;
    *) target="$PWD/$CARGO_TARGET_DIR/mutants" ;;
esac
scratch="$target/tree"
CARGO_TARGET_DIR="$target/build"
RUSTFLAGS="--cfg loom -A warnings"
mode=models
if [ "${1:-}" = --plain ]; then
    shift
    mode=plain
    CARGO_TARGET_DIR="$target/build-plain"
    RUSTFLAGS="-A warnings"
fi
if [ "${1:-}" = --apply ]; then
    shift
    mode=true
fi
RUST_BACKTRACE=0
# Built often and run briefly.
CARGO_PROFILE_RELEASE_DEBUG=false
export CARGO_TARGET_DIR RUSTFLAGS RUST_BACKTRACE CARGO_PROFILE_RELEASE_DEBUG

# A model that a mutant sends round in circles has noticed it too, but says so only by taking longer than this.
seconds_max=120
# All models together, without a mutant.
seconds_all_max=900

case "${1:-}" in
    '') names=$(cd "$here" && ls ./*.mutant | sed 's|^\./||; s|\.mutant$||') ;;
    --quick) names="wake-plain-load done-relaxed park-without-recheck push-fence-weak ring-tail-relaxed" ;;
    *) names="$*" ;;
esac

# A workspace with this one member, so that its `workspace = true` settings are found.
fresh_copy() {
    rm -rf "$scratch/executor"
    mkdir -p "$scratch"
    cp -R "$root/executor" "$scratch/executor"
    cp "$root/Cargo.lock" "$scratch/Cargo.lock"
    sed -e 's/^members = .*/members = ["executor"]/' -e '/^exclude = /d' "$root/Cargo.toml" >"$scratch/Cargo.toml"
}

# Runs those tests within $1 seconds that $2 says: models, or whatever there is.
models() {
    (cd "$scratch" && timeout "$1" cargo test --quiet --release -p reveille-executor --test loom $2)
}
plain() {
    (cd "$scratch" && timeout "$1" cargo test --quiet -p reveille-executor $2)
}

log="$target/log"
mkdir -p "$target"
fresh_copy
if ! "$mode" "$seconds_all_max" "" >"$log" 2>&1; then
    cat "$log"
    echo "a test fails without a mutant" >&2
    exit 1
fi

bad=0
printf '%-36s %-14s %s\n' mutant model result
for name in $names; do
    mutant="$here/$name.mutant"
    model=$(sed -n 's/^model: //p' "$mutant")
    fresh_copy
    if ! "$here/apply.pl" "$mutant" "$scratch/executor" 2>"$log"; then
        result="does not apply: $(cat "$log")"
        bad=1
    elif [ "$mode" = true ]; then
        result="applies"
    elif ! "$mode" "$seconds_max" --no-run >"$log" 2>&1; then
        result="does not compile: $(grep -m 1 '^error' "$log")"
        bad=1
    elif [ "$mode" = plain ]; then
        if plain "$seconds_max" "" >"$log" 2>&1; then
            result="passes them"
        else
            by=$(sed -n 's/^---- \(.*\) stdout ----$/\1/p' "$log" | head -n 1)
            result="NOTICED by ${by:-a test that crashes or hangs}"
            bad=1
        fi
    elif models "$seconds_max" "$model" >"$log" 2>&1; then
        result="SURVIVED"
        bad=1
    else
        result="killed: $(sed -n '/panicked at/{n;p;}' "$log" | head -n 1 | cut -c 1-90)"
    fi
    printf '%-36s %-14s %s\n' "$name" "$model" "$result"
done
exit "$bad"
