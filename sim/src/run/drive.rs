//! The loop of a run: take what became ready, choose, poll, observe.

use std::task::Waker;
use std::time::Duration;

use reveille_executor::{Choose, Hint, Point, Ran, Runnable, TaskId, followed_waker};
use reveille_reactor::{Instant, PollCost};

use super::{Followed, Run};
use crate::cancel;
use crate::digest::Mark;
use crate::event::{Event, TaskEnd};
use crate::freedom;
use crate::kinds;
use crate::leaf::{LeafId, Marks};
use crate::spin::Touch;
use crate::watch::Watch;

/// How the loop of a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The root future has ended, and what was runnable then has been polled.
    Finished,
    /// The root future is pending and nothing can move.
    Stuck,
    /// The run went as far as it may.
    Limit(Limit),
    /// The tape does not fit the program.
    Refused,
    /// An oracle has spoken.
    Stopped,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Polls,
    Time,
}

impl Run {
    /// Runs the program that was spawned as task 0 to its end.
    pub(crate) fn drive(&self) -> Ending {
        let ending = if self.is_plain() { self.turns::<true>() } else { self.turns::<false>() };
        if self.freedoms.any() {
            self.end_liberties();
        }
        ending
    }

    /// Whether nobody looks on, nobody is told, and the executor has no freedoms: so of most runs of a campaign.
    fn is_plain(&self) -> bool {
        self.watch.is_none() && !self.freedoms.any() && matches!(self.followed.get(), Followed::No | Followed::Parents)
    }

    /// Takes turn after turn. Compiled twice, so that a plain run does not ask at each poll what it has none of.
    fn turns<const PLAIN: bool>(&self) -> Ending {
        loop {
            if !self.may_poll() {
                return Ending::Limit(Limit::Polls);
            }
            let is_free = !PLAIN && self.freedoms.any();
            if is_free && self.take_liberties() {
                continue;
            }
            let (next, refused) = {
                let mut choices = self.choices.borrow_mut();
                let next = self.executor.pick(&mut *choices);
                (next, choices.refused())
            };
            if refused {
                // Giving a cancelled task back drops its future, which may have questions: nothing is borrowed here.
                drop(next);
                return Ending::Refused;
            }
            match next {
                // What still runs then need not come to an end: the run does.
                Some(_) if self.looks_closer.get() && self.is_drained() => return Ending::Finished,
                Some(runnable) if self.looks_closer.get() => {
                    let runnable = self.unless_paused(runnable).and_then(|runnable| freedom::hold(self, runnable));
                    if let Some(runnable) = runnable {
                        self.take_turn::<PLAIN>(runnable);
                    }
                }
                Some(runnable) if is_free => {
                    if let Some(runnable) = freedom::hold(self, runnable) {
                        self.poll(runnable);
                    }
                }
                Some(runnable) => self.take_turn::<PLAIN>(runnable),
                None if is_free && !self.is_moving() && self.end_liberties() => {}
                None if self.root_ended() => return Ending::Finished,
                None => match self.next_deadline() {
                    None => return Ending::Stuck,
                    Some(deadline) if deadline > Instant::ZERO + self.limits.time => return Ending::Limit(Limit::Time),
                    Some(deadline) => self.advance(deadline),
                },
            }
            if !PLAIN && self.watch.as_ref().is_some_and(Watch::stopped) {
                return Ending::Stopped;
            }
        }
    }

    /// Whether the limit of polls has not been reached.
    pub(crate) fn may_poll(&self) -> bool {
        self.step.get() < self.limits.polls
    }

    /// Whether something will happen as things are: a poll, or time that passes.
    pub(crate) fn is_moving(&self) -> bool {
        !self.root_ended() && (self.executor.ready() > 0 || self.next_deadline().is_some())
    }

    /// Whether time will pass when nothing can run.
    pub(crate) fn is_waiting_for_time(&self) -> bool {
        !self.root_ended() && self.next_deadline().is_some()
    }

    /// From now on every task that is picked is looked at, if a node is paused or the root has ended.
    pub(crate) fn look_closer_if_need_be(&self) {
        self.looks_closer.set(self.root_ended() || self.nodes.pauses.any());
    }

    fn root_ended(&self) -> bool {
        self.root_ended_at.get().is_some()
    }

    /// Whether what was runnable when the root ended has had its time. Counted, so that it is the same in each run.
    fn is_drained(&self) -> bool {
        let Some(ended_at) = self.root_ended_at.get() else { return false };
        let after = self.step.get() - ended_at;
        after >= 1_000 && after >= 16 * self.executor.live_tasks() as u64
    }

    pub(crate) fn poll(&self, runnable: Runnable) {
        self.take_turn::<false>(runnable);
    }

    #[inline(always)]
    fn take_turn<const PLAIN: bool>(&self, runnable: Runnable) {
        let task = runnable.id();
        let step = self.step.get() + 1;
        self.step.set(step);
        self.current.set(Some(task));
        let pushes = self.executor.pushes();
        let ordinal = self.tasks.polled(task, step);
        self.pulse.poll(task, step, ordinal);
        if !PLAIN {
            if matches!(self.followed.get(), Followed::Closely | Followed::WithWakes) {
                self.choices.borrow_mut().polled(task);
            }
            self.emit_pick(task, ordinal);
        }
        let ran = match self.cancel.is_watchful() {
            true => cancel::poll(self, runnable, ordinal),
            false if PLAIN => runnable.run(),
            false => self.poll_plainly(runnable, ordinal),
        };
        self.current.set(None);
        let woken = self.order_since(pushes, Some(task));
        if !PLAIN && woken > 0 && self.followed.get() == Followed::WithWakes {
            self.tell_woken(task, woken);
        }
        self.fold(Mark::Poll, ((task.index() as u64) << 24) ^ woken);
        if step.is_power_of_two() {
            self.note_early(step);
        }
        if ran != Ran::Pending {
            self.end(task, ran);
        }
        if self.settings.poll_cost {
            self.charge();
        }
    }

    /// Tells the choices which tasks the poll of `by` made runnable: the last `count` of the run queue.
    fn tell_woken(&self, by: TaskId, count: u64) {
        let mut choices = self.choices.borrow_mut();
        self.executor.for_each_newest(usize::try_from(count).unwrap_or(usize::MAX), |task| choices.woke(by, task));
    }

    fn emit_pick(&self, task: TaskId, ordinal: u64) {
        let Some(watch) = &self.watch else { return };
        if let Some(leaves) = watch.leaves() {
            leaves.task_polled(self, task, ordinal);
        }
        let passed_over = self.choices.borrow_mut().take_passed_over();
        if let Some((instead_of, passed_over)) = passed_over {
            self.emit(Event::Picked { task, instead_of, passed_over });
        }
        self.emit(Event::Polled { task });
    }

    /// Polls a task, or drops it if it has been cancelled. `ordinal` is the number of the poll, from 1.
    #[inline]
    pub(crate) fn poll_plainly(&self, runnable: Runnable, ordinal: u64) -> Ran {
        let waker = if self.freedoms.any() { freedom::waker_for(self, &runnable) } else { None };
        match (&self.watch, waker) {
            (Some(watch), waker) if watch.is_probed(runnable.id(), ordinal) => {
                self.poll_under_glass(watch, runnable, waker)
            }
            (Some(watch), waker) if watch.trap().is_some_and(|trap| trap.springs(self, runnable.id(), ordinal)) => {
                let waker = waker.unwrap_or_else(|| self.own_waker(&runnable));
                runnable.run_with(&followed_waker(waker, Box::new(Touch)))
            }
            (Some(watch), waker) if watch.is_marked(runnable.id()) => {
                let waker = waker.unwrap_or_else(|| self.own_waker(&runnable));
                runnable.run_with(&followed_waker(waker, Marks::follow()))
            }
            (_, Some(waker)) => runnable.run_with(&waker),
            (_, None) => runnable.run(),
        }
    }

    /// A waker of the task's own, cloned outside of its poll, as it were: the watch notes where the task itself does.
    pub(crate) fn own_waker(&self, runnable: &Runnable) -> Waker {
        let task = self.current.take();
        let waker = runnable.waker();
        self.current.set(task);
        waker
    }

    /// Polls a task within the poll under way: in a wake of it, or in a spawn.
    pub(crate) fn poll_within(&self, runnable: Runnable, in_wake: bool) {
        let task = self.current.take();
        let outer = self.pulse.enter(in_wake, task.is_some());
        self.poll(runnable);
        self.pulse.leave(outer);
        self.current.set(task);
    }

    /// Polls a task that is looked into with a waker of fresh identity, to see where it waits.
    fn poll_under_glass(&self, watch: &Watch, runnable: Runnable, waker: Option<Waker>) -> Ran {
        let Some(clones) = watch.clones() else { return runnable.run() };
        let task = runnable.id();
        let waker = waker.unwrap_or_else(|| self.own_waker(&runnable));
        let (ran, stacks) = clones.collect(waker, |waker| runnable.run_with(waker));
        watch.waits_at(task, stacks);
        ran
    }

    fn end(&self, task: TaskId, ran: Ran) {
        let how = match ran {
            Ran::Pending => return,
            Ran::Ready => TaskEnd::Completed,
            Ran::Panicked => TaskEnd::Panicked,
            Ran::Cancelled => TaskEnd::Cancelled,
        };
        self.tasks.ended(task, how);
        self.progress.at(self.step.get());
        self.fold(Mark::End, ((task.index() as u64) << 2) | how as u64);
        self.emit(Event::Ended { task, how });
        if let Some(leaves) = self.watch.as_ref().and_then(Watch::leaves) {
            leaves.woken(self, LeafId::Join(task));
        }
        self.task_ended(task);
        if task.index() == 0 {
            self.root_ended_at.set(Some(self.step.get()));
            self.looks_closer.set(true);
        }
    }

    /// Lets the poll that has just ended take time, as the choices have it.
    fn charge(&self) {
        let next = self.next_deadline();
        if next.is_none() || self.root_ended() {
            return;
        }
        // Between polls, where nothing may unwind: a tape without an answer ends the run at the next pick.
        let cost = PollCost::from_index(self.ask(Point::new(kinds::POLL_COST, PollCost::COUNT)));
        let now = cost.charge(self.clock.now(), next);
        if now > self.clock.now() {
            self.advance(now);
        }
    }

    /// When something will happen unless a task is polled: a timer, a delivery, the end of an operation on files.
    #[inline]
    fn next_deadline(&self) -> Option<Instant> {
        let timer = self.clock.next_deadline();
        if self.network.is_used() || self.disks.are_used() || self.nodes.trouble.is_on() {
            self.next_event(timer)
        } else {
            timer
        }
    }

    /// That of a timer or of anything else.
    fn next_event(&self, timer: Option<Instant>) -> Option<Instant> {
        let earlier = |one: Option<Instant>, other: Option<Instant>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let next = earlier(earlier(timer, self.network.next_event()), self.disks.next_event());
        earlier(next, self.nodes.trouble.next_end())
    }

    fn advance(&self, now: Instant) {
        let pushes = self.executor.pushes();
        if u128::from(now.as_nanos()) >= self.limits.time.as_nanos() / 2 && self.half_time.get().is_none() {
            self.half_time.set(Some(self.step.get()));
        }
        if let Some(leaves) = self.watch.as_ref().and_then(Watch::leaves) {
            leaves.strikes(self, now);
        }
        self.progress.at(self.step.get());
        // Before what it wakes.
        self.emit(Event::TimePassed { now });
        self.clock.advance(self, now);
        let deliveries = self.network.advance(self) + self.disks.advance(self);
        if deliveries > 0 {
            self.fold(Mark::Delivery, deliveries);
        }
        if self.nodes.trouble.is_on() {
            self.trouble();
        }
        self.fold(Mark::Time, now.as_nanos());
        self.fold(Mark::Wake, self.executor.pushes() - pushes);
        if self.freedoms.any() {
            self.time_has_passed();
        }
    }

    /// Whether a wake has come from another thread by now, which it is given a moment of real time for: a program that
    /// waits for a thread of its own looks stuck until that thread wakes it.
    pub(crate) fn foreign_wake(&self, patience: Duration) -> Option<TaskId> {
        const NAP: Duration = Duration::from_millis(1);
        let mut naps = patience.as_millis();
        loop {
            // Takes over what other threads have pushed.
            let _ = self.executor.ready();
            if let Some(task) = self.executor.take_foreign() {
                return Some(task);
            }
            if naps == 0 {
                return None;
            }
            naps -= 1;
            std::thread::sleep(NAP);
        }
    }
}

impl Run {
    /// Polls a task that waits once more, with `waker`, outside of the schedule: the run is over, and this is the probe.
    pub(crate) fn repoll(&self, task: TaskId, waker: &std::task::Waker) -> Option<Ran> {
        self.current.set(Some(task));
        let ran = self.executor.repoll(task, waker);
        self.current.set(None);
        ran
    }

    /// The same for a task that is on the run queue; `None` if it is not.
    pub(crate) fn poll_queued(&self, task: TaskId) -> Option<Ran> {
        let runnable = self.executor.pick(&mut Wanted(task)).filter(|runnable| runnable.id() == task)?;
        self.current.set(Some(task));
        let ran = runnable.run();
        self.current.set(None);
        Some(ran)
    }
}

/// Picks one certain task.
struct Wanted(TaskId);

impl Choose for Wanted {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        let Hint::Ready(queue) = point.hint else { return 0 };
        (0..point.bound).find(|index| queue.task(*index) == self.0).unwrap_or(0)
    }
}
