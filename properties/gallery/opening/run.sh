#!/bin/sh
# Makes what the README shows: the opening, with what reveille, shuttle and tokio say of one program, and an audit.
#
#     run.sh            writes both between their markers in README.md
#     run.sh --check    fails if README.md says something else
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
target=${CARGO_TARGET_DIR:-$root/target}/gallery
mkdir -p "$target"
opening=$target/opening.md
audit=$target/audit.md

# What a test run of the package prints, from the test's own output on. The exit status is not asked for: some must fail.
printed() {
    # A run that is kept from before would be repeated instead.
    rm -rf "$here/$1/reveille-regressions"
    (cd "$here/$1" && RUST_BACKTRACE=0 cargo test --quiet --target-dir "$target" --test closing_time 2>&1) || true
    rm -rf "$here/$1/reveille-regressions"
}

{
    echo '```rust'
    cat "$here/reveille/tests/closing_time.rs"
    echo '```'
    echo
    echo '`cargo test` prints:'
    echo
    echo '```text'
    printed reveille | sed -n '/^reveille: /,/^$/p' | sed '/^$/d'
    echo '```'
    echo
    echo "The same program on plain tokio, with \`#[tokio::test]\`: \`$(printed tokio | sed -n 's/^\(test result: ok. 1 passed\).*/\1/p')\`."
    echo 'Under shuttle (`check_random`, 1,000 schedules):'
    echo
    echo '```text'
    printed shuttle | grep -E '^(deadlock!|test panicked)' | sort -r
    echo '```'
} > "$opening"

(cd "$root" && cargo run --quiet -p reveille --example cancel_audit) > "$target/audit.txt"
{
    echo '```text'
    # The table of the first of its two audits ends at the second empty line.
    awk '/^$/ && ++empty == 2 { exit } { print }' "$target/audit.txt"
    echo '```'
} > "$audit"

readme=$root/README.md
awk -v opening="$opening" -v audit="$audit" '
    function show(made) { print; while ((getline line < made) > 0) print line; skipping = 1 }
    /<!-- opening: / { show(opening); next }
    /<!-- audit: / { show(audit); next }
    /<!-- end of / { skipping = 0 }
    !skipping { print }
' "$readme" > "$target/README.md"

if [ "${1-}" = --check ]; then
    diff -u "$readme" "$target/README.md" || { echo "README.md is out of date: run $0" >&2; exit 1; }
else
    cp "$target/README.md" "$readme"
fi
