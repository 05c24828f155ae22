#!/bin/sh
# Runs this crate's tests with and without `--cfg loom`; in both Reveille is the ordinary one.
set -eu
cd "$(dirname "$0")"
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-../../target}/loom-user"
export CARGO_TARGET_DIR
cargo test --quiet
RUSTFLAGS="--cfg loom" cargo test --quiet --release
