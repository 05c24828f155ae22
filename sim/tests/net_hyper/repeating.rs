//! Bit for bit: a seed is the same run again, on another thread and in another process, and so is the tape of it. hyper's `Date`
//! headers are switched off for that.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use reveille::{Event, FindingKind, Oracle, explore};

use super::keep_alive::{ask_http1, ask_http2};
use super::multiplexing::ask_under_faults;
use super::streaming::stream_under_faults;
use super::{common, pipelining};

/// A hash of all that happened (FNV-1a).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

/// Hashes every choice, poll, wake, packet and moment.
struct Listener(Arc<Mutex<Hash>>);

impl Oracle for Listener {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        self.0.lock().unwrap().add(format!("{event:?}").as_bytes());
        Ok(())
    }
}

type Program = fn() -> LocalBoxFuture<'static, Vec<u8>>;

/// What the other tests do under faults, and what a client heard of it.
const PROGRAMS: [(&str, Program); 6] = [
    ("keep-alive", || ask_http1(10).map(|answered| vec![answered as u8]).boxed_local()),
    ("eight requests", || ask_http2().map(|answered| vec![answered as u8]).boxed_local()),
    ("pipelining", || pipelining::ask().map(|heard| heard.wire).boxed_local()),
    ("HTTP/1 bodies", || stream_under_faults(false).map(|done| vec![done as u8]).boxed_local()),
    ("HTTP/2 bodies", || stream_under_faults(true).map(|done| vec![done as u8]).boxed_local()),
    ("ten streams", || ask_under_faults().map(|whole| vec![whole as u8]).boxed_local()),
];

/// All that happens in the run of `seed` and that its program hears, as a hash.
fn digest(program: Program, seed: u64) -> u64 {
    let hash = Arc::new(Mutex::new(Hash::default()));
    let all = hash.clone();
    // `Explore::run` repeats the run, and compares.
    let explored = explore().name("hyper").seed(seed).runs(1).faults("heavy").oracle(move || {
        *all.lock().unwrap() = Hash::default();
        Listener(all.clone())
    });
    let heard = hash.clone();
    let passed = explored.run(move || {
        let (performed, heard) = (program(), heard.clone());
        async move {
            let performed = performed.await;
            heard.lock().unwrap().add(&performed);
        }
    });
    passed.unwrap();
    hash.lock().unwrap().0
}

/// The digests of some seeds of all programs, a line each.
fn digests() -> Vec<String> {
    let of = |(name, program)| {
        (1..=20).map(move |seed| format!("digest of {name}, seed {seed}: {:016x}", digest(program, seed)))
    };
    PROGRAMS.into_iter().flat_map(of).collect()
}

#[test]
fn a_seed_is_the_same_run_on_every_thread_and_in_every_process() {
    let here = digests();
    let different: BTreeSet<_> = here.iter().map(|line| line.rsplit(' ').next()).collect();
    // Runs in which the first connection is refused may be alike.
    assert!(
        different.len() > 100,
        "of {} runs only {} differ: the digest does not see them",
        here.len(),
        different.len()
    );
    #[expect(clippy::disallowed_methods, reason = "another thread has other thread-locals, which is the point")]
    let there = std::thread::spawn(digests).join().unwrap();
    assert_eq!(here, there);
    let printed = common::printed("repeating::digests_of_a_process_of_its_own", &[]);
    let elsewhere: Vec<_> = printed.lines().filter(|line| line.starts_with("digest of ")).collect();
    assert_eq!(here, elsewhere);
}

#[test]
#[ignore = "another test runs it, in a process of its own"]
fn digests_of_a_process_of_its_own() {
    println!();
    for line in digests() {
        println!("{line}");
    }
}

#[test]
fn a_tape_is_the_same_run_again() {
    for (name, program) in PROGRAMS {
        // Only runs that fail have tapes: this one fails when all is done, and says what it heard.
        let tell = move || {
            let performed = program();
            async move {
                let mut hash = Hash::default();
                hash.add(&performed.await);
                hash.add(format!("{:?}", reveille::time::Instant::now()).as_bytes());
                Err::<(), _>(format!("heard {:016x}", hash.0))
            }
        };
        for seed in 1..=5 {
            let first = explore().name("hyper").seed(seed).runs(1).faults("heavy").shrink(false).run(tell).unwrap_err();
            let told = |report: &str| report.lines().find_map(|line| Some(line.split_once("heard ")?.1.to_owned()));
            assert_eq!(first.kind(), Some(FindingKind::Error), "{name}: {first}");
            let again = explore().name("hyper").replay(first.tape().unwrap().to_string()).run(tell).unwrap_err();
            assert_eq!(again.kind(), first.kind(), "{name}: {again}");
            assert!(told(&first.to_string()).is_some());
            assert_eq!(told(&again.to_string()), told(&first.to_string()), "{name}, seed {seed}");
        }
    }
}
