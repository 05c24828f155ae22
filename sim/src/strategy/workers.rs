//! The schedules that a pool of so many workers can have.
//!
//! The workers and their queues are those of [`reveille_executor::Pool`], the very code, with names of tasks in the place of
//! tasks: which of them moves next and whom it robs is drawn at random, all else is their policy. What a task wakes or spawns
//! goes to the queue of the worker that ran it. Two polls still never overlap.
//!
//! The answer is the place of the task that a worker took in the run queue, as of every strategy; so a tape knows of no
//! workers. Of more than 256 runnable tasks the workers know the first 256, as every strategy does, and of a task that was
//! alone they are not asked.

use reveille_executor::{Choose, Hint, Kind, Point, Ready, TaskId, Worker, Workers as Queues};

use super::Source;
use super::streams::Streams;

/// Picks what the next worker to move runs.
pub(crate) struct Workers {
    streams: Streams,
    count: usize,
    /// Each with a handle to the queues of all.
    seats: Vec<Worker<TaskId>>,
    /// The worker that ran the last task.
    last: usize,
    /// What is known of a task, by its number.
    tasks: Vec<Known>,
    /// How often we were asked.
    picks: u32,
}

/// What is known of a task.
#[derive(Clone, Copy, Default)]
struct Known {
    /// It is in the queue of a worker.
    queued: bool,
    /// The pick at which it was last seen runnable, and its place then.
    seen: (u32, u32),
}

impl Workers {
    pub(crate) const MAX: u32 = 64;

    pub(crate) fn new(count: u32) -> Self {
        let mut workers = Self {
            streams: Streams::default(),
            count: count as usize,
            seats: Vec::new(),
            last: 0,
            tasks: Vec::new(),
            picks: 0,
        };
        workers.begin(0);
        workers
    }

    /// Gives to the worker that moved last what has become runnable since.
    fn take_in(&mut self, ready: &dyn Ready, bound: u32) {
        for place in 0..bound {
            let task = ready.task(place);
            if task.index() >= self.tasks.len() {
                self.tasks.resize(task.index() + 1, Known::default());
            }
            let known = &mut self.tasks[task.index()];
            known.seen = (self.picks, place);
            if !std::mem::replace(&mut known.queued, true) {
                self.seats[self.last].push(task);
            }
        }
    }

    fn pick(&mut self, point: Point<'_>) -> Option<u32> {
        let Hint::Ready(ready) = point.hint else { return None };
        self.picks += 1;
        self.take_in(ready, point.bound);
        // Whoever moves finds something, as there is something: in its own queue, or in another's.
        loop {
            self.last = self.streams.below(Kind::SCHEDULE, self.count as u32) as usize;
            let streams = &mut self.streams;
            let task = self.seats[self.last].step(|workers| streams.below(Kind::SCHEDULE, workers as u32) as usize)?;
            let known = &mut self.tasks[task.index()];
            known.queued = false;
            // One that is not runnable ran when it was alone, and has ended or waits.
            if known.seen.0 == self.picks {
                return Some(known.seen.1);
            }
        }
    }
}

impl Choose for Workers {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.streams.seed() == 0 {
            return 0;
        }
        self.pick(point).unwrap_or_else(|| self.streams.uniform(point))
    }
}

impl Source for Workers {
    fn begin(&mut self, seed: u64) {
        self.streams.begin(seed);
        self.seats = Queues::new(self.count).1;
        self.tasks.clear();
        (self.last, self.picks) = (0, 0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Tasks that are all runnable, in this order.
    struct Fixed(Vec<TaskId>);

    impl Ready for Fixed {
        fn task(&self, index: u32) -> TaskId {
            self.0[index as usize]
        }
    }

    /// The order in which `count` tasks that run once each are picked.
    fn order(workers: u32, seed: u64, count: u32) -> Vec<usize> {
        let mut source = Workers::new(workers);
        source.begin(seed);
        let mut ready = Fixed((0..count).map(TaskId::new).collect());
        let mut order = Vec::new();
        while ready.0.len() > 1 {
            let bound = u32::try_from(ready.0.len()).unwrap();
            let answer = source.choose(Point { kind: Kind::SCHEDULE, bound, hint: Hint::Ready(&ready) });
            order.push(ready.0.remove(answer as usize).index());
        }
        order
    }

    #[test]
    fn one_worker_takes_turns_whatever_the_seed() {
        for seed in 0..20 {
            assert_eq!(order(1, seed, 10), (0..9).collect::<Vec<_>>());
        }
    }

    #[test]
    fn several_workers_have_many_orders_and_each_is_a_merge_of_their_queues() {
        let mut orders: Vec<_> = (1..200).map(|seed| order(2, seed, 6)).collect();
        orders.sort();
        orders.dedup();
        assert!(orders.len() > 4, "{orders:?}");
        // The owner of the queue, or the thief, begins with the oldest.
        assert!(orders.iter().all(|order| order[0] == 0), "{orders:?}");
    }
}
