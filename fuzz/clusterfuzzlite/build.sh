#!/bin/bash -eu
# Builds every target and packs its corpus, where ClusterFuzzLite expects them.
cd "$SRC/reveille/fuzz"
cargo fuzz build -O
for source in fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    cp "target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
    (cd "corpus/$target" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
done
