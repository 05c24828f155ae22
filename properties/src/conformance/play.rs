//! Plays scripts on executors, each on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll as Polled, Wake, Waker};
use std::time::Duration;

use super::probe::Ledger;
use super::{Broken, Op, Poll, Property, Subject};

/// Where tasks wait for something outside: what a reactor makes of a socket.
pub trait Source: Send + Sync {
    /// Has `waker` woken once the source is ready in that direction.
    fn wait(&self, direction: Direction, waker: Waker);

    /// The source is ready in both directions, for now: those who wait are woken.
    fn ready(&self);
}

/// What a task wants to do with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Read from it.
    Read,
    /// Write to it.
    Write,
}

/// What came of a script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    pub(super) polls: u64,
    pub(super) wakes: u64,
}

/// How long a script may take. An honest one takes a millisecond.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long one may take of an executor that is known to block.
pub(super) const IMPATIENCE: Duration = Duration::from_millis(200);
/// The most steps until nothing can run: scripts have hundreds of polls at most.
const STEPS_MAX: u32 = 100_000;

/// Does `act` to a new subject on a thread of its own, then drops the subject and wakes whoever is left.
fn play<S: Subject>(
    make: &Arc<impl Fn() -> S + Send + Sync + 'static>,
    patience: Duration,
    act: impl FnOnce(&mut S, &Arc<Ledger>) + Send + 'static,
) -> Result<Played, Property> {
    let ledger = Arc::new(Ledger::default());
    let (done, is_done) = mpsc::channel();
    let (make, theirs) = (make.clone(), ledger.clone());
    let perform = move || {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut subject = make();
            act(&mut subject, &theirs);
            drop(subject);
            theirs.dropped();
            theirs.wake_all();
        }));
        if result.is_err() {
            theirs.breaks(Property::NoPanic);
        }
        let _ = done.send(());
    };
    // Not joined: if the subject blocks, it does so for ever.
    std::thread::Builder::new().spawn(perform).expect("the system has threads to give");
    if is_done.recv_timeout(patience).is_err() {
        let blocked = if ledger.is_waking() { Property::WakingReturns } else { Property::StepReturns };
        return Err(ledger.broken().unwrap_or(blocked));
    }
    let (polls, wakes) = ledger.counts();
    ledger.broken().map_or(Ok(Played { polls, wakes }), Err)
}

fn settle(subject: &mut impl Subject, ledger: &Ledger) {
    if subject.runs_by_itself() {
        // Once is enough, and a second look might see more: a wake that came while a poll began may bring about another, which
        // nobody is owed, after all have been polled that are.
        if !wait_for_threads(ledger) {
            ledger.settled();
        }
        return;
    }
    for _ in 0..STEPS_MAX {
        if !subject.step() {
            return ledger.settled();
        }
    }
    ledger.breaks(Property::StepReturns);
}

/// Gives an executor's threads time to poll whoever can run: half of what a script may take. Whether they have.
fn wait_for_threads(ledger: &Ledger) -> bool {
    wait_while(|| ledger.unsettled().is_some())
}

/// Waits until `is_so` no longer holds, or for half of what a script may take. Whether it was seen not to hold.
fn wait_while(is_so: impl Fn() -> bool) -> bool {
    let (mut waited, mut nap) = (Duration::ZERO, Duration::from_millis(1));
    while is_so() {
        if waited >= PATIENCE / 2 {
            return false;
        }
        // Longer each time: on a busy machine many short naps take several times as long as they are to.
        std::thread::sleep(nap);
        (waited, nap) = (waited + nap, nap.saturating_mul(2).min(PATIENCE / 20));
    }
    true
}

/// Plays `script`.
pub(super) fn script<S: Subject>(
    make: &Arc<impl Fn() -> S + Send + Sync + 'static>,
    script: &Arc<Vec<Op>>,
    patience: Duration,
) -> Result<Played, Property> {
    let script = script.clone();
    play(make, patience, move |subject, ledger| {
        for op in script.iter() {
            match op {
                Op::Spawn(polls) => subject.spawn(ledger.probe(polls.clone())),
                Op::Step => drop(subject.step()),
                Op::Settle => settle(subject, ledger),
                Op::Wake(at) => ledger.wake(*at),
                Op::WakeByRef(at) => ledger.wake_by_ref(*at),
                Op::WakeElsewhere(at) => ledger.wake_elsewhere(*at),
                Op::Clone(at) => ledger.clone_waker(*at),
                Op::Drop(at) => ledger.drop_waker(*at),
            }
        }
        settle(subject, ledger);
    })
}

/// Plays what no script holds.
pub(super) fn set_pieces<S: Subject>(make: &Arc<impl Fn() -> S + Send + Sync + 'static>) -> Result<(), Broken> {
    let pieces = [starved(make), at_one_source(make), woken_within_a_wake(make)];
    let broken = pieces.into_iter().find_map(Result::err);
    broken.map_or(Ok(()), |property| Err(Broken { property, script: Vec::new() }))
}

/// Tasks that wake themselves at each poll, and one that waits to be woken.
fn starved<S: Subject>(make: &Arc<impl Fn() -> S + Send + Sync + 'static>) -> Result<Played, Property> {
    const HOGS: usize = 2;
    const PATIENCE_IN_POLLS: u64 = 1_000 * (HOGS as u64 + 1);
    // Hogs are in each other's way, in particular on a machine that has other things to do.
    play(make, 6 * PATIENCE, |subject, ledger| {
        if !subject.is_fair() {
            return;
        }
        subject.spawn(ledger.probe(Vec::new()));
        settle(subject, ledger);
        if subject.runs_by_itself() {
            return starved_by_threads(subject, ledger);
        }
        ledger.wake(0);
        let hog = Poll { keeps: 0, wakes_self: 1, wakes: None, ends: false };
        for _ in 0..HOGS {
            // They end at last, as some executors step until nothing can run.
            subject.spawn(ledger.probe(vec![hog.clone(); 5_000]));
        }
        let woken_at = ledger.counts().0;
        settle(subject, ledger);
        if ledger.last_polled(0) > woken_at + PATIENCE_IN_POLLS {
            ledger.breaks(Property::NobodyStarves);
        }
    })
}

/// The same for an executor with threads. Polls cannot be counted there: the thread that is about to poll the one that waits may be
/// kept by the operating system for as long as another makes thousands. So the hogs never rest, and time is what runs out.
///
/// Who is woken from outside while they run may be polled just then whatever the order is. So it is woken together with them as
/// well, before them: whoever takes the last first then has a hog at hand for every thread, always.
fn starved_by_threads(subject: &mut impl Subject, ledger: &Arc<Ledger>) {
    /// What threads do at a wake is up to the operating system, which gets some chances.
    const ROUNDS: usize = 10;
    for _ in 1..WAITING {
        subject.spawn(ledger.probe(Vec::new()));
    }
    let _ = wait_for_threads(ledger);
    let rest = Arc::new(Rest::default());
    for _ in 0..HOGS {
        subject.spawn(Hog { rest: rest.clone() });
    }
    for _ in 0..ROUNDS {
        let _ = wait_while(|| rest.count() < HOGS);
        let is_rung = Arc::new(AtomicBool::new(false));
        subject.spawn(Bell { rest: rest.clone(), ledger: ledger.clone(), is_rung: is_rung.clone() });
        let is_owed = || !is_rung.load(Ordering::SeqCst) || ledger.unsettled().is_some();
        let is_fair = wait_while(is_owed) && {
            ledger.wake(0);
            wait_for_threads(ledger)
        };
        if !is_fair {
            return ledger.breaks(Property::NobodyStarves);
        }
        rest.begin();
    }
}

/// How many tasks wait beside the hogs: more than threads can come for while the one that wakes them all goes on.
const WAITING: usize = 16;
/// How many hogs there are: more than there are threads, so that none is idle.
const HOGS: usize = 64;

/// The hogs that rest; `None` if they do not.
struct Rest(Mutex<Option<Vec<Waker>>>);

impl Default for Rest {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

impl Rest {
    fn resting(&self) -> MutexGuard<'_, Option<Vec<Waker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> usize {
        self.resting().as_ref().map_or(0, Vec::len)
    }

    fn begin(&self) {
        self.resting().get_or_insert_default();
    }
}

/// Wakes itself at each poll unless it is to rest.
struct Hog {
    rest: Arc<Rest>,
}

impl Future for Hog {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled<()> {
        if let Some(resting) = &mut *self.rest.resting() {
            resting.push(context.waker().clone());
            return Polled::Pending;
        }
        context.waker().wake_by_ref();
        Polled::Pending
    }
}

/// Wakes those that wait, and then all hogs, from within the executor.
struct Bell {
    rest: Arc<Rest>,
    ledger: Arc<Ledger>,
    is_rung: Arc<AtomicBool>,
}

impl Future for Bell {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled<()> {
        let hogs = self.rest.resting().take().unwrap_or_default();
        (0..WAITING).for_each(|_| self.ledger.wake(0));
        hogs.into_iter().for_each(Waker::wake);
        self.is_rung.store(true, Ordering::SeqCst);
        Polled::Ready(())
    }
}

/// A reader and a writer wait at one source, which then is ready.
fn at_one_source<S: Subject>(make: &Arc<impl Fn() -> S + Send + Sync + 'static>) -> Result<Played, Property> {
    play(make, PATIENCE, |subject, ledger| {
        let Some(source) = subject.source() else { return };
        let wakes = [Arc::new(Noted::default()), Arc::new(Noted::default())];
        source.wait(Direction::Read, wakes[0].clone().into());
        source.wait(Direction::Write, wakes[1].clone().into());
        source.ready();
        if wakes.iter().any(|noted| !noted.is_woken()) {
            ledger.breaks(Property::EachDirectionHasItsWaker);
        }
    })
}

/// A task that is woken by a source may come back to it within the wake: a waker can be anything, an executor that polls at
/// once among others.
fn woken_within_a_wake<S: Subject>(make: &Arc<impl Fn() -> S + Send + Sync + 'static>) -> Result<Played, Property> {
    let played = play(make, PATIENCE, |subject, ledger| {
        let Some(source) = subject.source() else { return };
        let again = Arc::new(Again { source: source.clone(), noted: Arc::default() });
        source.wait(Direction::Read, again.clone().into());
        source.ready();
        source.ready();
        if !again.noted.is_woken() {
            ledger.breaks(Property::WakeIsPolled);
        }
    });
    // Only the wake can block here.
    played.map_err(|property| if property == Property::StepReturns { Property::WakingReturns } else { property })
}

/// A waker that notes that it was woken.
#[derive(Default)]
struct Noted(AtomicBool);

impl Noted {
    fn is_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A waker that waits at the source again when it is woken.
struct Again {
    source: Arc<dyn Source>,
    noted: Arc<Noted>,
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.source.wait(Direction::Read, self.noted.clone().into());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Is said to have threads, and polls each future once.
    struct Once;

    impl Subject for Once {
        fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
            let _ = Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }

        fn step(&mut self) -> bool {
            false
        }

        fn runs_by_itself(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_wake_that_threads_forget_is_found() {
        for (wakes_self, broken) in [(0, None), (1, Some(Property::WakeIsPolled))] {
            let ledger = Arc::new(Ledger::default());
            Once.spawn(ledger.probe(vec![Poll { keeps: 0, wakes_self, wakes: None, ends: false }]));
            settle(&mut Once, &ledger);
            assert_eq!(ledger.broken(), broken);
        }
    }
}
