//! What is said of a poll that does not return: which task, where it was before, and how to look into it.

use std::rc::Rc;
use std::time::Duration;

use crate::campaign::Plan;
use crate::command::Command;
use crate::explain::waits_at;
use crate::failure::await_sites;
use crate::finding::TaskInfo;
use crate::run::Run;
use crate::spin::{TOUCHES_MAX, Trap};
use crate::trial::Trial;
use crate::watch::Watch;
use crate::watchdog::{Describe, Endless, What};

/// A campaign, as far as the watchdog has something to say of it.
pub(crate) struct Scene<'a> {
    pub(crate) trial: &'a Trial<'a>,
    pub(crate) plan: &'a Plan,
    pub(crate) command: &'a Command,
}

impl Describe for Scene<'_> {
    fn summary(&self, endless: Endless, limit: Duration) -> String {
        let Plan { name, runs, .. } = self.plan;
        let seed = endless.seed.filter(|_| self.plan.strategy.is_seeded());
        let which = match seed {
            Some(seed) => format!("run {} of {runs}, seed {seed}", seed.wrapping_sub(self.plan.seed)),
            None => "a run that was being repeated".into(),
        };
        let what = match endless.what {
            What::Program => "the closure that makes the program has not returned".into(),
            What::Poll { task, step, within: None } => {
                format!("the poll of task {task} at step {step} has not returned")
            }
            What::Poll { task, step, within: Some((waker, at)) } => format!(
                "the poll of task {task} at step {step}, made within a `wake` by task {waker} at step {at} (the freedom \
                 `inline-wake`), has not returned"
            ),
            What::Destructor => "a destructor has not returned, while the world was being dropped".into(),
        };
        let again = match seed {
            Some(seed) => format!("\n  to see where it hangs, attach a debugger to: {}", self.command.by_seed(seed)),
            None => String::new(),
        };
        let causes =
            "the usual causes: a loop without an await, a `std` lock that its own thread holds, a call that blocks";
        let thread = endless.thread.map_or_else(|| causes.to_owned(), |state| state.to_string());
        format!(
            "reveille: endless poll in `{name}` ({which})\n  \
             {what} after {limit:?} of real time, and nothing can stop it: the process is ended\n  \
             {thread};\n  \
             a program that is meant to take so long is run with `explore().watchdog(..)`, with more{again}"
        )
    }

    fn details(&self, endless: Endless, tell: &mut dyn FnMut(String)) -> Option<()> {
        let What::Poll { task, step, .. } = endless.what else { return None };
        let seed = endless.seed.filter(|_| self.plan.strategy.is_seeded())?;
        let run = self.up_to(seed, step - 1, None);
        let (_, info) =
            self.trial.perform(&run, seed, |run, _| run.tasks.is_known(task).then(|| TaskInfo::of(run, task)));
        let info = info?;
        let tape = self.trial.tape(&run);
        drop(run);
        let before = waits_at(self.trial, &tape, &info, step - 1);
        let nth = match (info.polls, before.is_empty()) {
            (0, _) => "this was its first poll".into(),
            (polls, true) => format!("this was its poll number {}", polls + 1),
            (polls, false) => format!("this was its poll number {}; before that it was at", polls + 1),
        };
        let lines = before.iter().map(await_sites).collect::<String>();
        tell(format!("  {info}: {nth}\n{lines}"));
        // From here on it hangs, unless it goes round with its waker.
        let run = self.up_to(seed, step, Some(Watch::trapping(Trap::new(task, info.polls + 1))));
        let caught = |run: &Run| run.watch.as_ref().and_then(Watch::trap).and_then(Trap::take_caught);
        let (_, caught) = self.trial.perform(&run, seed, |run, _| caught(run));
        let site = await_sites(&caught?.await_site());
        tell(format!("  in this poll it took its waker {TOUCHES_MAX} times, the last time at\n{site}"));
        Some(())
    }
}

impl Scene<'_> {
    /// A world for the first `polls` polls of the run of `seed`.
    fn up_to(&self, seed: u64, polls: u64, watch: Option<Watch>) -> Rc<Run> {
        let run = self.trial.beginning(self.plan.strategy.source(), self.trial.rules.settings, watch, polls);
        if self.plan.strategy.needs_calibration() && seed != 0 {
            run.choices.borrow_mut().calibrate(&self.trial.profile());
        }
        run
    }
}
