#!/bin/sh
# Prints how long it takes to judge a history, with our checker and with those of other crates.
#
#     run.sh            the whole table: some three minutes, most of it for cells that are given up
#     run.sh --quick    small histories only: that all say the same
#     run.sh --write    measures, and writes what stands between the markers in ../README.md
#
# Exit status 1 if two checkers say different things of a history.
set -eu
cd "$(dirname "$0")"
cargo build --release --quiet
bin=${CARGO_TARGET_DIR:-target}/release/reveille-linearizability-bench

if [ "${1-}" != --write ]; then
    exec "$bin" "$@"
fi
mkdir -p target
"$bin" > target/table.md
awk '
    /^<!-- linearizability: / { print; print ""; while ((getline line < "target/table.md") > 0) print line; print ""; skips = 1 }
    /^<!-- end of linearizability -->/ { skips = 0 }
    !skips
' ../README.md > target/README.md
# In place, so that the file keeps its mode.
cat target/README.md > ../README.md
