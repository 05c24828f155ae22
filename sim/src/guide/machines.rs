//! Campaigns on many machines.
//!
//! Nothing coordinates them: a run is its seed, and a shard is a part of the seeds. `REVEILLE_SHARD=2/4` performs the second
//! quarter of the runs of *every* test; the four together perform exactly the runs of the whole, with their numbers
//! ([`shard`](crate::Explore::shard)). So a machine that is lost costs its part, and is started again. What a shard finds names its
//! seed, or its tape, and repeats on any machine.
//!
//! # One machine
//!
//! ```sh
//! REVEILLE_JOBS=8 REVEILLE_RUNS=1_000_000 cargo test      # threads of one process
//! ```
//!
//! # A matrix of continuous integration
//!
//! ```yaml
//! jobs:
//!   explore:
//!     strategy:
//!       fail-fast: false
//!       matrix:
//!         shard: [1, 2, 3, 4]
//!     steps:
//!       - uses: actions/checkout@v4
//!       - run: REVEILLE_SHARD=${{ matrix.shard }}/4 REVEILLE_RUNS=100_000 cargo test
//! ```
//!
//! # Built once, run on many: nextest
//!
//! ```sh
//! cargo nextest archive --archive-file tests.tar.zst                      # on one machine
//! REVEILLE_SHARD=3/8 REVEILLE_RUNS=1_000_000 \
//!     cargo nextest run --archive-file tests.tar.zst --workspace-remap .  # on the third of eight
//! ```
//!
//! nextest's own `--partition count:3/8` splits the *tests*, `REVEILLE_SHARD` the *runs* of each. Use one of them: the
//! first for many small tests, the second for a few that take long.
//!
//! # An indexed Job of Kubernetes
//!
//! The index of a pod, from 0, is its shard, from 1. A pod that fails is not tried again: it has found something, and would
//! find it again.
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: explore
//! spec:
//!   completionMode: Indexed
//!   completions: 16
//!   parallelism: 16
//!   backoffLimitPerIndex: 0
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!         - name: tests
//!           image: tests          # your image, with tests.tar.zst and nextest in it
//!           command: [sh, -c]
//!           args:
//!             - |
//!               export REVEILLE_SHARD="$((JOB_COMPLETION_INDEX + 1))/16"
//!               export REVEILLE_JOBS="$(nproc)" REVEILLE_RUNS=100_000_000
//!               exec cargo nextest run --archive-file tests.tar.zst --workspace-remap .
//! ```
//!
//! # Searching by coverage
//!
//! Fuzzing shares what it has learnt, so it needs an engine that keeps a corpus: the folder `fuzz` of the repository has a
//! project for ClusterFuzzLite, an engine that exists.
