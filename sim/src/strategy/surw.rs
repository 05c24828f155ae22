//! Selectively uniform: all orders of a few interesting events are equally likely, whatever else goes on between them.
//!
//! SURW, of Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025. The task that is to
//! make the next interesting event is drawn beforehand, in proportion to the interesting events that each has before
//! it; other tasks run on, at random, up to their own next interesting event. A spawn by the task drawn hands the turn on
//! to the child with the probability of its share.
//!
//! The paper takes the accesses to one shared object. What polls touch is not known here, so each run guesses its events: one
//! poll of each class of tasks in one run of four, else every second poll, of a class in some runs, of a task in others.
//! A wrong guess costs likelihood and never rules a schedule out.

use reveille_executor::{Choose, Hint, Kind, Point, Ready, TaskId};

use super::family::Family;
use super::profile::Profile;
use super::streams::{Streams, scatter};
use super::weights::Weights;
use super::{Site, Source};

/// Picks so that orders of interesting events are uniform.
#[derive(Default)]
pub(crate) struct Surw {
    streams: Streams,
    family: Family,
    weights: Weights,
    interest: Interest,
    /// The most polls of a task, by class, in the dullest run.
    longest: Vec<u32>,
    /// By task: whether its next poll is interesting.
    is_next: Vec<bool>,
    /// Who makes the next interesting event.
    intended: Option<TaskId>,
    /// Who may run, by their places in the queue: scratch of [`pick`](Self::pick).
    free: Vec<u32>,
}

/// Which events of a run are interesting.
#[derive(Debug)]
enum Interest {
    /// The poll of this ordinal, by class.
    One(Vec<u32>),
    /// Every second one, as a hash with this salt says.
    Half { salt: u64, of: Whose },
}

/// What a guess is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Class,
    Task,
}

impl Default for Interest {
    fn default() -> Self {
        Self::Half { salt: 0, of: Whose::Class }
    }
}

/// From this ordinal on guesses repeat themselves, so that counting them takes no time in long runs.
const PERIOD: u32 = 64;

/// With more candidates than this it is worth trying some before looking at all.
const MANY: u32 = 16;
/// How many.
const TRIES: u32 = 6;

impl Interest {
    /// Whether the poll of that ordinal is interesting, of a task with that class and that signature.
    fn holds(&self, class: usize, signature: usize, ordinal: u32) -> bool {
        match self {
            Self::One(ordinals) => ordinals.get(class) == Some(&ordinal),
            Self::Half { salt, of } => {
                let whose = if *of == Whose::Class { class } else { signature };
                let event = ((whose as u64) << 32) | u64::from(ordinal % PERIOD);
                scatter(salt ^ event).is_multiple_of(2)
            }
        }
    }

    /// How many of the first `polls` polls are interesting.
    fn count(&self, class: usize, signature: usize, polls: u32) -> u32 {
        match self {
            Self::One(ordinals) => u32::from(ordinals.get(class).is_some_and(|ordinal| *ordinal < polls)),
            Self::Half { .. } => {
                let is = |ordinal| u32::from(self.holds(class, signature, ordinal));
                let within = |polls| (0..polls).map(is).sum::<u32>();
                let whole = if polls < PERIOD { 0 } else { within(PERIOD) };
                (polls / PERIOD) * whole + within(polls % PERIOD)
            }
        }
    }
}

impl Surw {
    fn is_interesting(&self, task: TaskId) -> bool {
        let signature = self.family.signature(task).unwrap_or(usize::MAX);
        self.interest.holds(self.family.class(task), signature, self.family.ordinal(task))
    }

    fn pick(&mut self, ready: &dyn Ready, bound: u32) -> u32 {
        if self.intended.is_none() {
            let drawn = self.weights.draw(&mut self.streams, ready, bound, 0);
            self.intended = drawn.map(|index| ready.task(index));
        }
        let Self { free, intended, is_next, streams, .. } = self;
        let may_run = |task: TaskId| intended.is_none_or(|intended| intended == task) || !is_next[task.index()];
        if bound > MANY {
            // Of many, a few tries hit one that may run, as a look at all of them would.
            for _ in 0..TRIES {
                let index = streams.below(Kind::SCHEDULE, bound);
                if may_run(ready.task(index)) {
                    return index;
                }
            }
        }
        free.clear();
        free.extend((0..bound).filter(|&index| may_run(ready.task(index))));
        if let Ok(count @ 1..) = u32::try_from(self.free.len()) {
            return self.free[self.streams.below(Kind::SCHEDULE, count) as usize];
        }
        // The task drawn waits for one of these.
        let drawn = self.weights.draw(&mut self.streams, ready, bound, 1).unwrap_or(0);
        self.intended = Some(ready.task(drawn));
        drawn
    }

    /// Draws which events of this run are interesting.
    fn guess(&mut self) -> Interest {
        let Self { streams, longest, .. } = self;
        let of = match streams.below(Kind::SCHEDULE, 4) {
            0 => {
                let ordinal = |polls: &u32| streams.below(Kind::SCHEDULE, (*polls).max(1));
                return Interest::One(longest.iter().map(ordinal).collect());
            }
            1 => Whose::Task,
            _ => Whose::Class,
        };
        Interest::Half { salt: streams.bits(Kind::SCHEDULE), of }
    }
}

impl Choose for Surw {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        match point.hint {
            _ if self.streams.seed() == 0 => 0,
            Hint::Ready(ready) => self.pick(ready, point.bound),
            _ => self.streams.uniform(point),
        }
    }
}

impl Source for Surw {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.family.begin();
        self.is_next.clear();
        self.intended = None;
        if seed != 0 {
            self.interest = self.guess();
        }
        let Self { family, interest, weights, .. } = self;
        weights.begin(family, |signature| {
            let (class, polls) = family.measured(signature);
            interest.count(class, signature, polls)
        });
    }

    fn calibrate(&mut self, profile: &Profile) {
        self.family.calibrate(profile);
        self.longest = vec![1; self.family.classes()];
        for (class, polls) in (0..self.family.signatures()).map(|signature| self.family.measured(signature)) {
            self.longest[class] = self.longest[class].max(polls);
        }
    }

    fn follows(&self) -> bool {
        self.streams.seed() != 0
    }

    fn spawned(&mut self, task: TaskId, parent: Option<TaskId>, site: Site) {
        self.family.spawned(parent, site);
        self.is_next.push(self.is_interesting(task));
        let share = self.weights.spawned(&self.family, task, parent);
        if let Some(parent) = parent.filter(|parent| self.intended == Some(*parent)) {
            let both = share.saturating_add(self.weights.of(parent));
            if both > 0 && self.streams.below(Kind::SCHEDULE, both) < share {
                self.intended = Some(task);
            }
        }
    }

    fn polled(&mut self, task: TaskId) {
        if self.is_next[task.index()] {
            self.weights.passed(task);
            if self.intended == Some(task) {
                self.intended = None;
            }
        }
        self.family.polled(task);
        self.is_next[task.index()] = self.is_interesting(task);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;
    use std::panic::Location;

    use super::super::profile::Measured;
    use super::*;

    struct Queue(Vec<TaskId>);

    impl Ready for Queue {
        fn task(&self, index: u32) -> TaskId {
            self.0[index as usize]
        }
    }

    /// Tasks of so many polls each, spawned by a root, and the poll of each that is interesting.
    const TASKS: [(u32, u32); 3] = [(9, 7), (3, 0), (1, 0)];

    /// Performs a run, and returns in which order the interesting polls came.
    fn order(source: &mut Surw, seed: u64) -> Vec<usize> {
        source.begin(seed);
        source.interest = Interest::One(vec![u32::MAX, u32::MAX, TASKS[0].1, TASKS[1].1, TASKS[2].1]);
        let Surw { family, interest, weights, .. } = source;
        weights.begin(family, |signature| {
            let (class, polls) = family.measured(signature);
            interest.count(class, signature, polls)
        });
        source.spawned(TaskId::new(0), None, SITES[0]);
        source.polled(TaskId::new(0));
        let mut polls = TASKS.map(|(polls, _)| polls);
        for task in 1..=3_u32 {
            source.spawned(TaskId::new(task), Some(TaskId::new(0)), SITES[task as usize]);
        }
        let mut order = Vec::new();
        loop {
            let runnable = (1..=3_u32).filter(|&task| polls[task as usize - 1] > 0).map(TaskId::new);
            let queue = Queue(runnable.collect());
            let bound = queue.0.len() as u32;
            if bound == 0 {
                return order;
            }
            let task = queue.task(if bound == 1 { 0 } else { source.pick(&queue, bound) });
            let nth = task.index() - 1;
            if TASKS[nth].0 - polls[nth] == TASKS[nth].1 {
                order.push(nth);
            }
            polls[nth] -= 1;
            source.polled(task);
        }
    }

    static SITES: std::sync::LazyLock<[Site; 4]> = std::sync::LazyLock::new(|| {
        let (one, two) = (Location::caller(), Location::caller());
        let (three, four) = (Location::caller(), Location::caller());
        [one, two, three, four]
    });

    #[test]
    fn orders_of_interesting_events_are_uniform_however_much_goes_on_between_them() {
        let measured = |nth: usize, polls| Measured { parent: (nth > 0).then_some(0), site: SITES[nth], polls };
        let tasks = vec![measured(0, 1), measured(1, TASKS[0].0), measured(2, TASKS[1].0), measured(3, TASKS[2].0)];
        let mut source = Surw::default();
        source.calibrate(&Profile { schedule_choices: 10, tasks });
        let mut counts = BTreeMap::<_, u32>::new();
        for seed in 1..=6_000 {
            *counts.entry(order(&mut source, seed)).or_default() += 1;
        }
        // Of 1,000 expected, 4 standard deviations are 115.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (885..=1115).contains(count)), "{counts:?}");
    }

    #[test]
    fn interesting_events_are_counted_as_they_come() {
        let half = Interest::Half { salt: 7, of: Whose::Class };
        for polls in [0, 1, 63, 64, 65, 200] {
            let one_by_one = (0..polls).filter(|&ordinal| half.holds(2, 5, ordinal)).count();
            assert_eq!(half.count(2, 5, polls) as usize, one_by_one);
        }
        let one = Interest::One(vec![0, 3]);
        assert_eq!([3, 4, 9].map(|polls| one.count(1, 5, polls)), [0, 1, 1]);
    }
}
