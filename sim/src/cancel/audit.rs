//! The audit of an operation: the builder.

use std::fmt::Debug;
use std::panic::Location;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::report::Report;
use super::stage::{Cast, no_world};
use super::sweep::Sweep;
use crate::backtraces;
use crate::endless::Scene;
use crate::explore::{Explore, explore};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::run::Run;
use crate::strategy::Strategy;
use crate::trial::Trial;
use crate::watchdog::{Describe, Endless, PollAt, Tell, watched};

/// Cuts an operation at every await, in every way, under many schedules, and says what else broke.
///
/// `operation` makes the future to cut, from the world that the tasks of the program share (see [`Audit::world`]; an
/// operation that needs none takes `()`). For each cut and schedule there is a run: a new world, the operation, the
/// [bystanders](Audit::bystander) beside it, and after the cut the same operation once more, this time let alone. Three
/// things are held against the runs in which nothing was cut: how the second run of the operation ends, how the bystanders
/// end, and all that any test looks for (stuck tasks, panics, [`then`](Audit::then)).
///
/// Outcomes are compared by their `Debug` form, and with the *set* of those of the uncut runs: a program whose outcomes
/// depend on the schedule is not accused for it. Before the first accusation 1,000 more uncut runs are made.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use reveille::{cancel, yield_now};
///
/// // Takes the state out, awaits, and puts it back.
/// type Machine = Rc<RefCell<Option<u32>>>;
/// async fn step(machine: Machine) {
///     let state = machine.take().expect("the state is there");
///     yield_now().await;
///     machine.replace(Some(state + 1));
/// }
///
/// let report = cancel::audit(step).world(|| Machine::new(RefCell::new(Some(0)))).run().unwrap();
/// assert!(!report.is_clean());
/// println!("{report}");
/// ```
#[track_caller]
#[must_use = "this is a builder, not a result: finish it with `.run()`"]
pub fn audit<W, Fut, Op>(operation: Op) -> Audit<W, Fut::Output>
where
    Op: Fn(W) -> Fut + Send + Sync + 'static,
    W: Clone + 'static,
    Fut: Future + 'static,
    Fut::Output: Debug,
{
    Audit {
        // One whose answers depend on the seed alone: a cut run must begin as the uncut run of its seed does.
        explore: explore().runs(SCHEDULES).strategy("random").audit_of(std::any::type_name::<Op>()),
        cast: Cast {
            world: None,
            operation: Box::new(move |world| Box::pin(operation(world))),
            key: Box::new(|output| backtraces::without(format!("{output:?}"))),
            bystanders: Vec::new(),
            then: None,
            again: true,
            unwinding: false,
            reference: Mutex::default(),
            site: Location::caller(),
        },
        points_max: POINTS_MAX,
    }
}

/// How many schedules each cut gets, unless told otherwise.
const SCHEDULES: u64 = 16;
/// At how many points an operation is cut at most, unless told otherwise.
const POINTS_MAX: usize = 512;

/// What to audit and how. Made by [`audit`].
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use reveille::{cancel, yield_now};
///
/// // Counts up, in one step: whoever is cut off before it has not counted, and nobody minds.
/// async fn count(total: Rc<Cell<u32>>) {
///     yield_now().await;
///     total.set(total.get() + 1);
/// }
///
/// let report = cancel::audit(count)
///     .world(|| Rc::new(Cell::new(0)))
///     .bystander("reader", |total| async move {
///         yield_now().await;
///         total.get() < 3
///     })
///     .then(|total| async move { assert!(total.get() <= 2) })
///     .runs(8)
///     .run()
///     .unwrap();
/// report.assert_clean();
/// ```
#[must_use = "this is a builder, not a result: finish it with `.run()`"]
pub struct Audit<W, T> {
    explore: Explore,
    cast: Cast<W, T>,
    points_max: usize,
}

impl<W: Clone + 'static, T: 'static> Audit<W, T> {
    /// The name that the report and its tapes carry; see [`Explore::name`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.explore = self.explore.name(name);
        self
    }

    /// Makes what the operation, the bystanders and [`then`](Self::then) share: each gets a clone. Called within each run,
    /// so it may spawn tasks; those that serve for ever are to be daemons ([`Builder::daemon`](crate::task::Builder::daemon)).
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use reveille::{cancel, yield_now};
    ///
    /// async fn take(seats: Rc<Cell<u32>>) {
    ///     seats.set(seats.get().checked_sub(1).expect("a seat is free"));
    ///     yield_now().await;
    ///     seats.set(seats.get() + 1);
    /// }
    /// // One seat: if a cut takes it along, the operation fails when it is run again.
    /// let report = cancel::audit(take).world(|| Rc::new(Cell::new(1))).run().unwrap();
    /// assert!(!report.is_clean());
    /// // Two of them, and nobody notices.
    /// cancel::audit(take).world(|| Rc::new(Cell::new(2))).run().unwrap().assert_clean();
    /// ```
    pub fn world(mut self, world: impl Fn() -> W + Send + Sync + 'static) -> Self {
        self.cast.world = Some(Box::new(world));
        self
    }

    /// A task that lives beside the operation, and is to end as it does without the cut; any number of them. Bugs that need
    /// an innocent victim (a follower of a shared request, say) show only with one.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use reveille::{cancel, yield_now};
    ///
    /// type Flag = Rc<Cell<bool>>;
    /// // Is busy while it works. Alone, it seems to bear every cut.
    /// async fn work(busy: Flag) {
    ///     busy.set(true);
    ///     yield_now().await;
    ///     busy.set(false);
    /// }
    /// let audit = || cancel::audit(work).world(Flag::default).limits(1_000, std::time::Duration::from_secs(1));
    /// audit().run().unwrap().assert_clean();
    /// // Who waits for it to be done may wait for ever.
    /// let waits = |busy: Flag| async move {
    ///     yield_now().await;
    ///     while busy.get() {
    ///         yield_now().await;
    ///     }
    /// };
    /// assert!(!audit().only_once().bystander("next", waits).run().unwrap().is_clean());
    /// ```
    pub fn bystander<Fut>(
        mut self,
        name: impl Into<String>,
        bystander: impl Fn(W) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future + 'static,
        Fut::Output: Debug,
    {
        let make = move |world| {
            let future = bystander(world);
            let outcome = async move { backtraces::without(format!("{:?}", future.await)) };
            Box::pin(outcome) as std::pin::Pin<Box<dyn Future<Output = String>>>
        };
        self.cast.bystanders.push((name.into(), Box::new(make)));
        self
    }

    /// Runs when all others have ended, and checks: a panic or an error is a finding. The operation has been cut by then,
    /// and run again.
    ///
    /// ```
    /// use reveille::cancel::{self, Ledger};
    ///
    /// // Counts what it begins and what it ends: two numbers that a cut drives apart.
    /// async fn serve(jobs: Ledger) {
    ///     jobs.issue(1);
    ///     reveille::yield_now().await;
    ///     jobs.settle(1);
    /// }
    /// let audit = cancel::audit(serve).world(|| Ledger::new("jobs"));
    /// assert!(!audit.then(|jobs| async move { jobs.balance() }).run().unwrap().is_clean());
    /// ```
    pub fn then<Fut>(mut self, then: impl Fn(W) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future + 'static,
        Fut::Output: Outcome,
    {
        self.cast.then = Some(Box::new(move |world| {
            let future = then(world);
            Box::pin(async move { future.await.into_result() })
        }));
        self
    }

    /// Compares outputs of the operation by what `key` makes of them: for outputs that may well be different after a cut.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use reveille::cancel;
    ///
    /// // Says besides its result how many unfinished files it has found. Every cut leaves one behind.
    /// async fn save(unfinished: Rc<Cell<u32>>) -> (u32, &'static str) {
    ///     let found = unfinished.replace(unfinished.get() + 1);
    ///     reveille::yield_now().await;
    ///     unfinished.set(unfinished.get() - 1);
    ///     (found, "saved")
    /// }
    /// let audit = || cancel::audit(save).world(Rc::default);
    /// assert!(!audit().run().unwrap().is_clean());
    /// audit().key(|(_found, result)| *result).run().unwrap().assert_clean();
    /// ```
    pub fn key<K: Debug>(mut self, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self {
        self.cast.key = Box::new(move |output| backtraces::without(format!("{:?}", key(output))));
        self
    }

    /// Leaves out the second run of the operation.
    ///
    /// For one that cannot be run twice:
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use reveille::cancel;
    ///
    /// type Ticket = Rc<Cell<Option<u32>>>;
    /// async fn redeem(ticket: Ticket) -> u32 {
    ///     let number = ticket.take().expect("a ticket is redeemed once");
    ///     reveille::yield_now().await;
    ///     number
    /// }
    /// let audit = || cancel::audit(redeem).world(|| Ticket::new(Cell::new(Some(7))));
    /// assert!(audit().run().is_err()); // even without a cut the second run panics
    /// audit().only_once().run().unwrap().assert_clean();
    /// ```
    pub fn only_once(mut self) -> Self {
        self.cast.again = false;
        self
    }

    /// Cuts by a panic of the operation's own task as well: what it holds is dropped while the thread unwinds. Off by
    /// default: a destructor that panics then ends the process, as Rust has it, and a poisoned lock is what a panic is meant
    /// to leave.
    ///
    /// ```
    /// use reveille::cancel::{self, Way};
    ///
    /// let ways = |report: cancel::Report| report.rows().iter().map(|row| row.way).collect::<Vec<_>>();
    /// let audit = || cancel::audit(|()| reveille::yield_now());
    /// assert!(!ways(audit().run().unwrap()).contains(&Way::Unwinding));
    /// assert!(ways(audit().unwinding().run().unwrap()).contains(&Way::Unwinding));
    /// ```
    pub fn unwinding(mut self) -> Self {
        self.cast.unwinding = true;
        self
    }

    /// How many schedules each cut gets; 16 by default. `REVEILLE_RUNS` overrides it. With `REVEILLE_SECONDS` the audit goes
    /// on for that long, in rounds of so many schedules; the first round is brought to its end in any case. `REVEILLE_SHARD=1/4` makes a quarter of the
    /// cuts, and the reference in full.
    ///
    /// ```
    /// let audit = |runs| reveille::cancel::audit(|()| reveille::yield_now()).runs(runs).run().unwrap();
    /// assert_eq!(audit(4).schedules(), Some(4));
    /// assert!(audit(4).cut_runs() < audit(16).cut_runs());
    /// ```
    pub fn runs(mut self, runs: u64) -> Self {
        self.explore = self.explore.runs(runs);
        self
    }

    /// On how many threads the runs are spread; 1 by default, and `REVEILLE_JOBS` overrides it. The report is the same
    /// whatever the number.
    ///
    /// ```
    /// let audit = |jobs| reveille::cancel::audit(|()| reveille::yield_now()).jobs(jobs).run().unwrap();
    /// assert_eq!(audit(1).rows(), audit(4).rows());
    /// ```
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.explore = self.explore.jobs(jobs);
        self
    }

    /// What may go wrong with the network, disks and machines, in runs with a cut and in those without: `off` (the default),
    /// `light`, `heavy`, and so on; see [`Explore::faults`]. The operation and its bystanders have to live with the faults before they can be audited:
    /// to end, with an error perhaps. An error that they meet without a cut as well is not blamed on one.
    ///
    /// ```
    /// use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    /// use reveille::net::{TcpListener, TcpStream};
    /// use reveille::{cancel, spawn};
    ///
    /// // Connects, and reads what the server has to say.
    /// let greet = |()| async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await.ok()?;
    ///     let at = listener.local_addr().ok()?;
    ///     drop(spawn(async move {
    ///         let (mut stream, _) = listener.accept().await?;
    ///         stream.write_all(b"hello").await
    ///     }));
    ///     let mut text = String::new();
    ///     TcpStream::connect(at).await.ok()?.read_to_string(&mut text).await.ok()?;
    ///     Some(text)
    /// };
    /// cancel::audit(greet).faults("light").runs(4).run().unwrap().assert_clean();
    /// ```
    pub fn faults(mut self, preset: impl Into<String>) -> Self {
        self.explore = self.explore.faults(preset);
        self
    }

    /// At how many points the operation may be cut; 512 by default, which is every point of an operation of up to 255
    /// awaits. One with more is cut at so many of them, evenly spread, and the report says [`sampled`](Report::sampled).
    pub fn points(mut self, points_max: usize) -> Self {
        self.points_max = points_max;
        self
    }

    /// Makes tasks that are alive at the end a finding; see [`Explore::deny_detached`].
    ///
    /// ```
    /// use reveille::time::{Duration, sleep};
    /// use reveille::{cancel, spawn};
    ///
    /// // Cut in the middle it leaves a helper behind, which is alive at the end.
    /// let with_help = |()| async {
    ///     let helper = spawn(sleep(Duration::from_secs(60)));
    ///     reveille::yield_now().await;
    ///     helper.await.unwrap();
    /// };
    /// let audit = || cancel::audit(with_help).only_once();
    /// audit().run().unwrap().assert_clean();
    /// assert!(!audit().deny_detached().run().unwrap().is_clean());
    /// ```
    pub fn deny_detached(mut self) -> Self {
        self.explore = self.explore.deny_detached();
        self
    }

    /// How far each run may go; see [`Explore::limits`].
    pub fn limits(mut self, polls_max: u64, time_max: Duration) -> Self {
        self.explore = self.explore.limits(polls_max, time_max);
        self
    }

    /// Repeats the run that `tape` describes, and judges it as the audit would; see [`replay`](crate::replay).
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use reveille::cancel;
    ///
    /// async fn take(seats: Rc<Cell<u32>>) {
    ///     seats.set(seats.get().checked_sub(1).expect("a seat is free"));
    ///     reveille::yield_now().await;
    ///     seats.set(seats.get() + 1);
    /// }
    /// let audit = || cancel::audit(take).name("take").world(|| Rc::new(Cell::new(1)));
    /// let report = audit().run().unwrap();
    /// let tape = report.failure().unwrap().tape().unwrap().to_string();
    /// let again = audit().replay(tape).run().unwrap();
    /// assert_eq!(again.schedules(), None); // it was that run alone
    /// assert_eq!(again.failure().unwrap().kind(), report.failure().unwrap().kind());
    /// ```
    pub fn replay(mut self, tape: impl Into<String>) -> Self {
        self.explore = self.explore.replay(tape);
        self
    }

    /// Makes all the cuts.
    ///
    /// # Errors
    /// A program that fails without any cut (the operation does not end, or panics; a bystander does not end), and settings
    /// that make no sense. What a cut breaks is no error: it is in the [`Report`].
    ///
    /// # Panics
    /// Inside a run.
    ///
    /// ```
    /// use reveille::{FindingKind, cancel};
    ///
    /// // What a cut breaks is in the report.
    /// let clean = cancel::audit(|()| reveille::yield_now()).run().unwrap();
    /// assert!(clean.is_clean());
    /// // What is broken without a cut cannot be audited.
    /// let failure = cancel::audit(|()| std::future::pending::<()>()).run().unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::DeadWaker));
    /// ```
    pub fn run(self) -> Result<Report, Failure> {
        let round = self.explore.runs_asked();
        let mut prepared = self.explore.prepare()?;
        let not_taken = prepared.plan.strategy.learner();
        if not_taken.is_some() {
            prepared.plan.strategy = Strategy::Random;
        }
        if self.cast.world.is_none() && no_world::<W>().is_none() {
            return Err(Failure::setup(format!(
                "`{}`: the operation takes a `{}`, and there is no `.world(..)` that makes one",
                prepared.name,
                std::any::type_name::<W>()
            )));
        }
        let unwinding = self.cast.unwinding;
        let bystanders = self.cast.bystanders.iter().map(|(name, _)| name.clone()).collect();
        let cast = Arc::new(self.cast);
        let program = |run: &Run| cast.enter(run);
        let trial = Trial { program: &program, rules: &prepared.rules };
        let reference = || cast.reference();
        let sweep = Sweep {
            trial,
            prepared: &prepared,
            not_taken,
            profile: OnceLock::new(),
            reference: &reference,
            enlarging: Mutex::default(),
            round,
            points_max: self.points_max,
            unwinding,
            bystanders,
        };
        let scene = Scene { trial: &sweep.trial, plan: &prepared.plan, command: &prepared.command, exploration: None };
        watched(prepared.watchdog, &prepared.rules.pulses, &Cutting(scene), || match &prepared.tape {
            Some(tape) => sweep.replay(tape.clone()),
            None => sweep.perform(),
        })
    }
}

/// What the watchdog has to say of an audit in which a poll does not return.
struct Cutting<'a>(Scene<'a>);

impl Describe for Cutting<'_> {
    fn summary(&self, endless: Endless, limit: Duration) -> String {
        self.0.summary(endless, limit)
    }

    /// The seed of a run does not tell where it was cut: a replay would be another run.
    fn repeatable(&self, _: Endless) -> Option<PollAt> {
        None
    }

    fn details_elsewhere(&self, poll: PollAt, tell: &mut dyn FnMut(String)) -> bool {
        self.0.details_elsewhere(poll, tell)
    }

    fn details(&self, poll: PollAt, tell: Tell) {
        self.0.details(poll, tell);
    }
}

impl<W, T> Debug for Audit<W, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("explore", &self.explore).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use reveille_executor::{Choose, Kind, Point};

    use super::*;

    /// Panics where it is asked whom to poll.
    struct Panics;

    impl Choose for Panics {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            assert_ne!(point.kind, Kind::SCHEDULE, "no idea");
            0
        }
    }

    /// Also where another thread has performed the run.
    #[test]
    fn a_panic_of_what_answers_is_told_as_such() {
        for jobs in [1, 2] {
            let mut audit = audit(|()| crate::yield_now()).bystander("another", |()| crate::yield_now()).jobs(jobs);
            audit.explore = audit.explore.answered_by(|_| Panics);
            let payload = catch_unwind(AssertUnwindSafe(|| audit.run())).unwrap_err();
            let text = crate::panics::message(&*payload);
            assert!(text.contains("not the program's") && text.contains("no idea") && text.contains(file!()), "{text}");
            assert!(text.contains("`answered_by`"), "whose fault it is: {text}");
        }
    }
}
