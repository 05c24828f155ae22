#!/bin/sh
# Checks the examples of campaigns on many machines with what is here: that they are YAML (python3 with yaml), that the job is one
# that a cluster might take (kubectl, without a cluster), and the job's command with a real archive of nextest, pod by pod. What is not
# here is skipped, and said so. No pod is started: there is no cluster.
#
# `cargo test -p reveille --test machines` performs the same commands without any of these.
set -eu
cd "$(dirname "$0")"
root=$PWD/../../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if python3 -c 'import yaml' 2>/dev/null; then
    for file in job.yaml matrix.yaml; do
        python3 -c 'import sys, yaml; assert yaml.safe_load(open(sys.argv[1]))' "$file"
        echo "$file: is YAML"
    done
else
    echo "skipped: no python3 with yaml"
fi

if ! command -v kubectl >/dev/null; then
    echo "skipped: no kubectl"
elif said=$(kubectl create --dry-run=client --validate=false -f job.yaml -o name 2>&1); then
    echo "job.yaml: $said"
else
    echo "skipped: kubectl asks for a cluster ($(echo "$said" | tail -n 1 | cut -c 1-80))"
fi

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "skipped: no cargo-nextest"
    exit
fi
cd "$root"
cargo nextest archive -p reveille --test machines --archive-file "$work/tests.tar.zst" 2>/dev/null
script=$(sed -n '/- |/,$p' sim/examples/machines/job.yaml | sed '1d; s/^ *//')
ln -s "$work/tests.tar.zst" tests.tar.zst
trap 'rm -rf "$work"; rm -f "$root/tests.tar.zst"' EXIT
for index in 0 1 2 3; do
    DRAWN=$work/drawn.$index JOB_COMPLETION_INDEX=$index SHARDS=4 REVEILLE_RUNS=203 sh -c "$script" >"$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    echo "pod $index of 4: $(sort -u "$work/drawn.$index" | wc -l) runs"
done
DRAWN=$work/whole REVEILLE_RUNS=203 cargo nextest run --archive-file tests.tar.zst --workspace-remap . >"$work/log" 2>&1
cat "$work"/drawn.? | sort -u >"$work/union"
sort -u "$work/whole" | cmp - "$work/union"
echo "their union: $(wc -l <"$work/union") runs, which are those of the whole campaign"
