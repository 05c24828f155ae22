//! What is said of a poll that does not return: which task, where it was before, and how to look into it.

use std::rc::Rc;
use std::time::Duration;

use crate::campaign::Plan;
use crate::command::Command;
use crate::explain::{sites, waited};
use crate::finding::TaskInfo;
use crate::isolation::Again;
use crate::run::Run;
use crate::spin::{TOUCHES_MAX, Trap};
use crate::strategy::Profile;
use crate::trial::Trial;
use crate::waiting::await_sites;
use crate::watch::Watch;
use crate::watchdog::{Describe, Endless, PollAt, Tell, Waking, What};

/// A campaign, as far as the watchdog has something to say of it.
pub(crate) struct Scene<'a> {
    pub(crate) trial: &'a Trial<'a>,
    pub(crate) plan: &'a Plan,
    pub(crate) command: &'a Command,
    /// Which exploration another process looks into; `None` if none may be started.
    pub(crate) exploration: Option<u64>,
}

impl Describe for Scene<'_> {
    fn summary(&self, endless: Endless, limit: Duration) -> String {
        let Plan { name, runs, .. } = self.plan;
        let seed = endless.seed.filter(|_| self.plan.strategy.is_seeded());
        let repeated = self.trial.rules.pulses.repeated().filter(|_| endless.seed.is_none());
        let which = match (seed, endless.seed) {
            (Some(seed), _) => format!("run {} of {runs}, seed {seed}", seed.wrapping_sub(self.plan.seed)),
            (None, Some(_)) => "a run that no seed names".into(),
            (None, None) => "a run that was being repeated, or made small".into(),
        };
        let what = match endless.what {
            What::Program => "the closure that makes the program has not returned".into(),
            What::Poll { task, step, within: None, .. } => {
                format!("the poll of task {task} at step {step} has not returned")
            }
            What::Poll { task, step, within: Some(waking), .. } => {
                let by = match waking {
                    Waking::Task(waker, at) => format!("by task {waker} at step {at}"),
                    Waking::Between => "by a timer, a socket or a file".into(),
                };
                format!(
                    "the poll of task {task} at step {step}, made within a `wake` {by} (the freedom `inline-wake`), has not returned"
                )
            }
            What::Destructor => "a destructor has not returned, while the world was being dropped".into(),
        };
        let again = match (seed, repeated) {
            (Some(seed), _) => {
                format!("\n  to see where it hangs, attach a debugger to: {}", self.command.by_seed(seed))
            }
            (None, Some(tape)) => {
                format!("\n  the run that was to be repeated: {}", self.command.replay(name, &tape, None))
            }
            (None, None) => String::new(),
        };
        let causes =
            "the usual causes: a loop without an await, a `std` lock that its own thread holds, a call that blocks";
        let thread = endless.thread.map_or_else(|| causes.to_owned(), |state| state.to_string());
        let wakes = match endless.what {
            What::Poll { within: Some(_), .. } => {
                "\n  who wakes may hold what that poll wants: `reveille::guide::freedoms` names crates that wake under a lock;"
            }
            _ => "",
        };
        let others = match endless.others {
            0 => String::new(),
            1 => "\n  another job hangs as well: this one may wait for it, or it for this one;".into(),
            count => format!("\n  {count} other jobs hang as well: this one may wait for them, or they for it;"),
        };
        format!(
            "reveille: endless poll in `{name}` ({which})\n  \
             {what} after {limit:?} of real time, and nothing can stop it: the process is ended\n  \
             {thread};{wakes}{others}\n  \
             a program that is meant to take so long is run with `explore().watchdog(..)`, with more{again}"
        )
    }

    fn repeatable(&self, endless: Endless) -> Option<PollAt> {
        let What::Poll { task, step, ordinal, .. } = endless.what else { return None };
        let seed = endless.seed.filter(|_| self.plan.strategy.is_seeded())?;
        Some(PollAt { seed, task, step, ordinal })
    }

    fn details_elsewhere(&self, poll: PollAt, tell: &mut dyn FnMut(String)) -> bool {
        let again = self.exploration.zip(self.command.restartable());
        again.is_some_and(|(exploration, test)| Again { test, exploration }.details(poll, tell))
    }

    fn details(&self, poll: PollAt, tell: Tell) {
        // A calibrated strategy looks at the dullest run first, as it did in the campaign.
        let is_calibrated = self.plan.strategy.needs_calibration() && poll.seed != 0;
        let profile = is_calibrated.then(|| self.trial.profile());
        self.trial.rules.call(|| self.replay(poll, profile.as_ref(), tell));
    }
}

impl Scene<'_> {
    /// Repeats the run up to `poll`, once: a second time it might hang earlier, by what the first has left in a `static`.
    fn replay(&self, poll: PollAt, profile: Option<&Profile>, tell: Tell) {
        let tell = Rc::new(tell);
        let on_begin = {
            let tell = tell.clone();
            // From here on it hangs, unless it goes round with its waker.
            move |run: &Run| tell(history(run, poll))
        };
        let before = Watch::focused(poll.task, poll.ordinal - 1);
        let watch = before.and_trapping(Trap::new(poll, on_begin));
        let source = self.plan.strategy.source();
        let run = self.trial.beginning(source, self.trial.rules.settings, Some(watch), poll.step);
        if let Some(profile) = profile {
            run.choices.borrow_mut().calibrate(profile);
        }
        let caught = |run: &Run| run.watch.as_ref().and_then(Watch::trap).and_then(Trap::take_caught);
        let (_, caught) = self.trial.perform(&run, poll.seed, |run, _| caught(run));
        if let Some(stack) = caught {
            let site = await_sites(&stack.await_site());
            tell(format!("  in this poll it took its waker {TOUCHES_MAX} times, the last time at\n{site}"));
        }
    }
}

/// Who begins `poll`, and where it was before.
fn history(run: &Run, poll: PollAt) -> String {
    let before = sites(&waited(run));
    let nth = match (poll.ordinal, before.is_empty()) {
        (1, _) => "this was its first poll".into(),
        (nth, true) => format!("this was its poll number {nth}"),
        (nth, false) => format!("this was its poll number {nth}; before that it was at"),
    };
    let lines = before.iter().map(await_sites).collect::<String>();
    format!("  {}: {nth}\n{lines}", TaskInfo::of(run, poll.task))
}
