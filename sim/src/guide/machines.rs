//! Campaigns on many machines.
//!
//! Nothing coordinates them: a run is its seed, and a shard is a part of the seeds. `REVEILLE_SHARD=2/4` performs a quarter
//! of the runs of *every* test: each fourth, from the second on. The four together perform exactly the runs of the whole,
//! with their numbers ([`shard`](crate::Explore::shard)). So a machine that is lost costs its part, and is started again. What a shard finds names its
//! seed, or its tape, and repeats on any machine.
//!
//! ```
//! use reveille::{choose, explore};
//!
//! let program = || async { assert_ne!(choose(200), 77) };
//! let whole = explore().run(program).unwrap_err();
//! let part = |nth| explore().shard(nth, 4).run(program);
//!
//! // One of the four comes to the run that fails first on one machine.
//! assert!((1..=4).any(|nth| part(nth).is_err_and(|failure| failure.seed() == whole.seed())));
//! ```
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
#![doc = include_str!("../../examples/machines/matrix.yaml")]
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
//! This file, and the one above, are in `examples/machines` of the package. Its tests perform their command lines, with the index of
//! a pod and the entry of the matrix set by hand: four shards perform together what one machine does. No cluster is part of
//! these tests.
//!
//! ```yaml
#![doc = include_str!("../../examples/machines/job.yaml")]
//! ```
//!
//! # Searching by coverage
//!
//! Fuzzing shares what it has learnt, so it needs an engine that keeps a corpus: the folder `fuzz` of the repository has a
//! project for ClusterFuzzLite, an engine that exists.
