//! The entrance: a program goes in, a verdict comes out.

mod settle;

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::Duration;

use reveille_executor::{Choose, JoinHandle};

use crate::command::Target;
use crate::failure::{Failure, Passed};
use crate::isolation::Isolation;
use crate::judge::Detached;
use crate::oracle::Oracle;
use crate::outcome::Outcome;
use crate::run::{Origin, Run};
use crate::strategy::Maker;
use crate::trial::OracleMaker;

/// Explores the schedules of a program: 1,000 runs from seed 0, unless told otherwise.
///
/// The environment has the last word: `REVEILLE_RUNS`, `REVEILLE_SEED`, `REVEILLE_SECONDS`, `REVEILLE_JOBS`,
/// `REVEILLE_SHARD`, `REVEILLE_STRATEGY`, `REVEILLE_FREEDOMS`, `REVEILLE_FAULTS`, `REVEILLE_REGRESSIONS`, `REVEILLE_WATCHDOG`,
/// `REVEILLE_REPLAY` and `REVEILLE_LENIENT` override what the builder says. `REVEILLE_ROWS=all` shows the whole schedule of a failure.
///
/// ```
/// let passed = reveille::explore()
///     .run(|| async {
///         let answer = reveille::spawn(async { 42 });
///         assert_eq!(answer.await.unwrap(), 42);
///     })
///     .unwrap();
/// assert_eq!(passed.runs, 1_000);
/// ```
#[must_use = "this is a builder, not a result: finish it with `.run(..)`"]
#[track_caller]
pub fn explore() -> Explore {
    Explore {
        name: None,
        package: std::env::var("CARGO_PKG_NAME").ok(),
        at: Location::caller(),
        audited: None,
        is_attribute: false,
        target: None,
        runs: 1_000,
        seed: 0,
        strategy: None,
        answers: None,
        patience: PATIENCE,
        polls_max: 1_000_000,
        time_max: Duration::from_secs(100 * 365 * 24 * 60 * 60),
        poll_cost: false,
        faults: String::new(),
        freedoms: None,
        wake_to_poll_max: None,
        detached: Detached::Allow,
        jobs: 1,
        shard: None,
        oracles: Vec::new(),
        replay: None,
        lenient: false,
        shrink: true,
        regressions: None,
        watchdog: WATCHDOG,
        starved_time: None,
        starved_polls: None,
        isolation: Isolation::Shared,
        interposed: false,
    }
}

/// Repeats the run that `tape` describes: the text of a [`Tape`](crate::Tape), or `@path` of a file that holds one.
///
/// The program must ask what it asked when the tape was recorded.
///
/// # Errors
/// The failure that the run comes to; also a tape that cannot be read, is of another test, or does not fit the program.
///
/// ```
/// async fn program() {
///     assert_ne!(reveille::choose(4), 3);
/// }
/// let failure = reveille::explore().run(program).unwrap_err();
/// let again = reveille::replay(&failure.tape().unwrap().to_string(), program).unwrap_err();
/// assert_eq!(again.kind(), failure.kind());
/// ```
#[track_caller]
pub fn replay<F, Fut>(tape: &str, program: F) -> Result<Passed, Failure>
where
    F: Fn() -> Fut + Sync,
    Fut: Future + 'static,
    Fut::Output: Outcome,
{
    explore().replay(tape).run(program)
}

/// What to explore and how. Made by [`explore`].
///
/// ```
/// use std::time::Duration;
///
/// let passed = reveille::explore()
///     .name("three runs")
///     .seed(7)
///     .runs(3)
///     .limits(1_000, Duration::from_secs(3600))
///     .run(|| async { reveille::time::sleep(Duration::from_secs(60)).await })
///     .unwrap();
/// assert_eq!((passed.runs, passed.seed), (3, 7));
/// ```
#[must_use = "this is a builder, not a result: finish it with `.run(..)`"]
pub struct Explore {
    name: Option<String>,
    package: Option<String>,
    at: &'static Location<'static>,
    /// The type name of what is audited, where this is an audit.
    audited: Option<&'static str>,
    is_attribute: bool,
    /// What is known of the target that the test belongs to.
    target: Option<Target>,
    runs: u64,
    seed: u64,
    pub(crate) strategy: Option<String>,
    /// Answers instead of a strategy.
    answers: Option<Maker>,
    /// In real time.
    patience: Duration,
    pub(crate) polls_max: u64,
    pub(crate) time_max: Duration,
    poll_cost: bool,
    /// As text; empty for none.
    faults: String,
    /// What was asked for by name; see `freedom::asked`.
    pub(crate) freedoms: Option<String>,
    /// See `fair`.
    pub(crate) wake_to_poll_max: Option<u64>,
    detached: Detached,
    jobs: usize,
    /// Which of how many, from 1.
    shard: Option<(u64, u64)>,
    oracles: Vec<OracleMaker>,
    replay: Option<String>,
    lenient: bool,
    shrink: bool,
    regressions: Option<PathBuf>,
    watchdog: Duration,
    pub(crate) starved_time: Option<Duration>,
    pub(crate) starved_polls: Option<u64>,
    pub(crate) isolation: Isolation,
    pub(crate) interposed: bool,
}

impl Explore {
    /// The name that reports show, and by which a tape knows its test. Without it reports show the test's own name where that is
    /// known, else the place of the call, and a tape fits whatever the file explores.
    ///
    /// ```
    /// let failure = reveille::explore().name("transfer").run(|| async { panic!("no such account") }).unwrap_err();
    /// assert!(failure.to_string().starts_with("reveille: panic in `transfer` (run 0 of 1000"));
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many runs; 1,000 by default.
    ///
    /// ```
    /// let passed = reveille::explore().runs(20).run(|| async {}).unwrap();
    /// assert_eq!(passed.runs, 20);
    /// ```
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// The seed of the first run; the run of number n has this seed plus n. Seed 0, the default, is the dullest run:
    /// every choice has its usual answer.
    ///
    /// ```
    /// let program = || async { assert_ne!(reveille::choose(4), 3) };
    /// let failure = reveille::explore().seed(100).run(program).unwrap_err();
    /// let seed = failure.seed().unwrap();
    /// assert_eq!(seed, 100 + failure.run().unwrap());
    /// // That one run is enough to see it again.
    /// assert!(reveille::explore().seed(seed).runs(1).run(program).is_err());
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Lets `make` say what answers the choices of each run, in place of a strategy: a fuzzer's bytes, a value of a property
    /// test, a strategy of one's own. It is given the seed of the run.
    ///
    /// An answer out of range is lowered to the last one. Runs follow one another on one thread, and a failing one is named by
    /// its tape, since what answered it may not come back. Seed 0 is not special here.
    ///
    /// ```
    /// use reveille::{Choose, Point};
    ///
    /// /// Answers from bytes, and with 0 when they are used up.
    /// struct Bytes(std::vec::IntoIter<u8>);
    ///
    /// impl Choose for Bytes {
    ///     fn choose(&mut self, point: Point<'_>) -> u32 {
    ///         u32::from(self.0.next().unwrap_or(0)) % point.bound
    ///     }
    /// }
    ///
    /// let failure = reveille::explore()
    ///     .runs(1)
    ///     .answered_by(|_seed| Bytes(vec![2, 1].into_iter()))
    ///     .run(|| async { assert_ne!((reveille::choose(3), reveille::choose(2)), (2, 1)) })
    ///     .unwrap_err();
    /// assert_eq!(failure.tape().unwrap().unusual(), 2);
    /// ```
    pub fn answered_by<C: Choose + 'static>(mut self, make: impl Fn(u64) -> C + Send + Sync + 'static) -> Self {
        self.answers = Some(Maker::new(make));
        self
    }

    /// How far a run may go, in polls (`u32::MAX` at most) and in virtual time; 1,000,000 polls and 100 years by default.
    /// Reaching a limit is a finding: [`Limit`](crate::FindingKind::Limit), or [`Livelock`](crate::FindingKind::Livelock) where nothing
    /// came of the polls.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    /// use reveille::{FindingKind, explore};
    ///
    /// // It is done after two hours.
    /// let program = || sleep(Duration::from_secs(7200));
    /// explore().run(program).unwrap();
    /// let failure = explore().limits(1_000_000, Duration::from_secs(3600)).run(program).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Limit));
    /// ```
    pub fn limits(mut self, polls_max: u64, time_max: Duration) -> Self {
        (self.polls_max, self.time_max) = (polls_max, time_max);
        self
    }

    /// Lets each poll take virtual time, chosen from {none, until just before the next timer, until it, until just after
    /// it}: time-outs that fire while the processor is busy become reachable. Off by default.
    ///
    /// ```
    /// use reveille::time::{Duration, Instant};
    ///
    /// let passed = reveille::explore().poll_cost(true).run(|| async {
    ///     let start = Instant::now();
    ///     let timer = reveille::spawn(reveille::time::sleep(Duration::from_secs(1)));
    ///     reveille::yield_now().await;
    ///     reveille::sometimes!(start.elapsed() >= Duration::from_secs(1), "that took until the timer");
    ///     timer.await.unwrap();
    /// });
    /// passed.unwrap();
    /// ```
    pub fn poll_cost(mut self, on: bool) -> Self {
        self.poll_cost = on;
        self
    }

    /// What may go wrong with the network, disks and whole machines: `off` (the default), `light` or `heavy`, and after it, with commas,
    /// sorts of faults that are added or, with a minus, taken out, or given a rate: `heavy,-torn`, `light,crash,partition`, `light,lost=1/5`, or
    /// just `lost`. A value of [`Faults`](crate::net::Faults), which see for the names, will do as well; [`guide::faults`](crate::guide::faults) says what
    /// each does and how often. `REVEILLE_FAULTS` says the same, and has the last word. [`Passed::struck`](crate::Passed::struck), and the report of a failing run, say what really struck.
    ///
    /// ```
    /// use reveille::net::{Fault, UdpSocket};
    ///
    /// reveille::explore()
    ///     .faults("heavy")
    ///     .run(|| async {
    ///         let (one, two) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
    ///         for _ in 0..20 {
    ///             one.send_to(b"?", "127.0.0.1:2").await?;
    ///         }
    ///         reveille::sometimes!(reveille::net::strikes().of(Fault::Lost) > 0, "a datagram is lost");
    ///         drop(two);
    ///         std::io::Result::Ok(())
    ///     })
    ///     .unwrap();
    /// ```
    pub fn faults(mut self, faults: impl Into<String>) -> Self {
        self.faults = faults.into();
        self
    }

    /// Makes tasks that are alive when the root ends a finding ([`DetachedTask`](crate::FindingKind::DetachedTask)),
    /// [daemons](crate::task::Builder::daemon) and those that wait for nothing at all apart. By default they are dropped in silence, unless
    /// nobody can ever wake them.
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    /// use reveille::{FindingKind, explore, spawn};
    ///
    /// let program = || async { drop(spawn(sleep(Duration::from_secs(60)))) };
    /// explore().run(program).unwrap();
    /// let failure = explore().deny_detached().run(program).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::DetachedTask));
    /// ```
    pub fn deny_detached(mut self) -> Self {
        self.detached = Detached::Deny;
        self
    }

    /// On how many threads the runs are spread; 1 by default. The finding is the same whatever the number.
    ///
    /// ```
    /// let program = || async { assert_ne!(reveille::choose(50), 7) };
    /// let found = |jobs| reveille::explore().jobs(jobs).run(program).unwrap_err();
    /// assert_eq!(found(1).seed(), found(4).seed());
    /// ```
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Performs only a part of the runs: those of shard `nth` out of `of`, counted from 1. All shards together perform exactly
    /// the runs of the whole campaign, each with the number and the seed that it has there. `REVEILLE_SHARD=1/4` says the
    /// same. That a [`sometimes!`](crate::sometimes) never happened is not said of a part.
    ///
    /// ```
    /// let half = |nth| reveille::explore().shard(nth, 2).run(|| async {}).unwrap().runs;
    /// assert_eq!(half(1) + half(2), 1_000);
    /// ```
    ///
    /// # Errors
    /// From [`run`](Self::run): if `nth` is 0 or more than `of`; with strategy `exhaustive`, whose runs follow from one
    /// another.
    pub fn shard(mut self, nth: u64, of: u64) -> Self {
        self.shard = Some((nth, of));
        self
    }

    /// Judges each run by an [`Oracle`] that `make` makes for it. Runs with oracles are slower: each wake is observed.
    ///
    /// ```
    /// use reveille::{Event, FindingKind, Oracle, explore, spawn};
    ///
    /// /// Lets the root spawn one task at most.
    /// #[derive(Default)]
    /// struct OneChild(u32);
    ///
    /// impl Oracle for OneChild {
    ///     fn event(&mut self, event: &Event) -> Result<(), String> {
    ///         self.0 += u32::from(matches!(event, Event::Spawned { by: Some(_), .. }));
    ///         if self.0 <= 1 { Ok(()) } else { Err("a second child".into()) }
    ///     }
    /// }
    /// let failure = explore().oracle(OneChild::default).run(|| async { drop((spawn(async {}), spawn(async {}))) });
    /// assert_eq!(failure.unwrap_err().kind(), Some(FindingKind::Oracle));
    /// ```
    pub fn oracle<O: Oracle + 'static>(mut self, make: impl Fn() -> O + Send + Sync + 'static) -> Self {
        self.oracles.push(Box::new(move || Box::new(make())));
        self
    }

    /// Repeats the run that `tape` describes instead of exploring; see [`replay`].
    ///
    /// ```
    /// let program = || async { assert_ne!(reveille::choose(4), 3) };
    /// let failure = reveille::explore().name("ports").run(program).unwrap_err();
    /// let tape = failure.tape().unwrap().to_string();
    /// // The name is the same: a tape belongs to its test.
    /// let again = reveille::explore().name("ports").replay(tape).run(program).unwrap_err();
    /// assert_eq!((again.run(), again.kind()), (None, failure.kind()));
    /// ```
    pub fn replay(mut self, tape: impl Into<String>) -> Self {
        self.replay = Some(tape.into());
        self
    }

    /// How long a poll may take in real time before the process is ended with a report of where it hangs: 10 s by default, at
    /// least 1 s; zero for no limit. A thread cannot be stopped from outside, so there is no other way out of a loop without
    /// an await, or of a `std` lock that its own thread holds. What runs do never depends on it. A replay, or a campaign of
    /// fewer than 32 runs, is not watched: it can wait for a debugger.
    ///
    /// `REVEILLE_WATCHDOG=60` sets it to a minute, `REVEILLE_WATCHDOG=0` switches it off.
    ///
    /// ```should_panic
    /// use std::sync::Mutex;
    /// use std::time::Duration;
    ///
    /// // After a second the process ends, with a report that names the task.
    /// reveille::explore()
    ///     .watchdog(Duration::from_secs(1))
    ///     .run(|| async {
    ///         let lock = Mutex::new(());
    ///         let _first = lock.lock();
    ///         let _second = lock.lock(); // the thread waits for itself
    ///     })
    ///     .unwrap();
    /// ```
    pub fn watchdog(mut self, limit: Duration) -> Self {
        self.watchdog = limit;
        self
    }

    /// How long, in real time, a run in which nothing can move waits for a wake from another thread before it is called
    /// stuck; 250 ms by default, which a campaign pays once. For many small campaigns of programs without threads: zero.
    ///
    /// ```
    /// use std::{thread, time::Duration};
    ///
    /// use futures::channel::oneshot;
    /// use reveille::{FindingKind, explore};
    ///
    /// // The thread takes longer than the default, after which the task would be called stuck.
    /// let failure = explore()
    ///     .patience(Duration::from_secs(60))
    ///     .run(|| async {
    ///         let (send, answer) = oneshot::channel();
    ///         thread::spawn(move || {
    ///             thread::sleep(Duration::from_millis(400));
    ///             send.send(42)
    ///         });
    ///         answer.await.map(drop)
    ///     })
    ///     .unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::ForeignWake));
    /// ```
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether a failing run is made small before it is reported: on by default, at most 500 replays and 5 s.
    ///
    /// ```
    /// use reveille::{choose, explore};
    ///
    /// let program = || async {
    ///     let noise: u32 = (0..20).map(|_| choose(2)).sum();
    ///     assert!(choose(8) < 5, "{noise}");
    /// };
    /// let unusual = |shrink| explore().shrink(shrink).run(program).unwrap_err().tape().unwrap().unusual();
    /// assert_eq!(unusual(true), 1);
    /// assert!(unusual(false) > 1);
    /// ```
    pub fn shrink(mut self, on: bool) -> Self {
        self.shrink = on;
        self
    }

    /// Keeps failing runs in `file`: the tape of each is a line of it, and is repeated before anything else is explored.
    /// [`#[reveille::test]`](macro@crate::test) does so with `reveille-regressions/<test>.txt` in the package's folder.
    ///
    /// Text from `#` on is a comment. A tape that no longer fits the program is repeated as far as it fits and named in
    /// [`Passed::stale`]. Nothing is repeated where a seed or a tape is asked for, and nothing is kept of a run in which nothing was chosen, as
    /// every run repeats that. `REVEILLE_REGRESSIONS=read` lets
    /// nothing be written, `REVEILLE_REGRESSIONS=off` makes as if there were no file.
    ///
    /// ```
    /// async fn program() {
    ///     assert_ne!(reveille::choose(9), 7);
    /// }
    /// let file = std::env::temp_dir().join(format!("reveille-{}.txt", std::process::id()));
    /// let explore = || reveille::explore().name("program").regressions(&file);
    /// let first = explore().run(program).unwrap_err();
    /// let second = explore().run(program).unwrap_err();
    /// // The second campaign repeats the run that the first one found.
    /// assert_eq!((second.run(), second.tape()), (None, first.tape()));
    /// # std::fs::remove_file(file).unwrap();
    /// ```
    ///
    /// # Errors
    /// From [`run`](Self::run): if the file cannot be read, or a line of it is no tape.
    pub fn regressions(mut self, file: impl Into<PathBuf>) -> Self {
        self.regressions = Some(file.into());
        self
    }

    /// Repeats as much of the tape as fits, if it no longer does: an answer out of range is clamped, one that is missing
    /// is 0. The failure, or [`Passed::stale`], says where program and tape parted. By default a tape that does not fit is
    /// an error. `REVEILLE_LENIENT=1` says the same of a tape in `REVEILLE_REPLAY`.
    ///
    /// ```
    /// use reveille::FindingKind;
    ///
    /// let program = |bound| move || async move { assert!(reveille::choose(bound) < 7) };
    /// let explore = || reveille::explore().name("ports");
    /// let tape = explore().run(program(9)).unwrap_err().tape().unwrap().to_string();
    /// // The program has changed since, and has eight ports where it had nine.
    /// assert_eq!(explore().replay(&tape).run(program(8)).unwrap_err().kind(), None);
    /// let failure = explore().replay(&tape).lenient().run(program(8)).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Panic));
    /// ```
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Says that this is the audit of an operation of that type. A program may have several, and a tape in the environment
    /// belongs to one of them: the others do as if there were none.
    pub(crate) fn audit_of(mut self, operation: &'static str) -> Self {
        self.audited = Some(operation);
        self
    }

    /// How many runs the builder asks for.
    pub(crate) fn runs_asked(&self) -> u64 {
        self.runs
    }

    /// Says that this is the test `name` of `package`, in that target of it, if that is known.
    pub(crate) fn attribute(mut self, name: &str, package: &str, target: Option<Target>) -> Self {
        (self.name, self.package, self.is_attribute) = (Some(name.to_owned()), Some(package.to_owned()), true);
        self.target = target;
        self
    }

    /// Runs the program, again and again.
    ///
    /// `program` is called once per run and makes the root future, which need not be `Send`. State that the runs must not
    /// share belongs into it. What it captures is shared by all runs, which may be [on several threads](Self::jobs): so it is
    /// `Sync`, and an `Rc` or a `Cell` is made within it.
    ///
    /// # Errors
    /// The first failure, explained; also settings that make no sense.
    ///
    /// # Panics
    /// Inside another run.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// // The closure makes what a run has: each begins with a counter at zero.
    /// reveille::explore()
    ///     .run(|| {
    ///         let visits = Cell::new(0);
    ///         async move {
    ///             visits.set(visits.get() + 1);
    ///             assert_eq!(visits.get(), 1);
    ///         }
    ///     })
    ///     .unwrap();
    /// ```
    pub fn run<F, Fut>(self, program: F) -> Result<Passed, Failure>
    where
        F: Fn() -> Fut + Sync,
        Fut: Future + 'static,
        Fut::Output: Outcome,
    {
        let at = self.at;
        self.prepare()?.run(&|run| spawn_root(run, &program, at))
    }
}

impl std::fmt::Debug for Explore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explore").field("name", &self.name).field("runs", &self.runs).finish_non_exhaustive()
    }
}

/// How long a poll may take. Ten times what a slow machine needs for what nobody would call quick.
const WATCHDOG: Duration = Duration::from_secs(10);

/// How long a stuck run waits for a wake from another thread. A campaign pays it once, since such a run fails.
const PATIENCE: Duration = Duration::from_millis(250);

/// Spawns the future that `program` makes as task 0.
fn spawn_root<F, Fut>(run: &Run, program: &F, site: &'static Location<'static>) -> JoinHandle<Result<(), String>>
where
    F: Fn() -> Fut,
    Fut: Future + 'static,
    Fut::Output: Outcome,
{
    let origin = Origin::at(site);
    // A closure that panics is a program that panics.
    match catch_unwind(AssertUnwindSafe(program)) {
        Ok(future) => run.spawn(async move { future.await.into_result() }, origin),
        Err(payload) => run.spawn(async move { resume_unwind(payload) }, origin),
    }
}
