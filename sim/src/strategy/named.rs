//! Strategies by name: the builder's method.

use crate::explore::Explore;

impl Explore {
    /// What answers the choices, by name. `REVEILLE_STRATEGY=pct:3` says the same.
    ///
    /// * `portfolio`, the default: the seed says which of the others.
    /// * `random`: uniform.
    /// * `sticky:8`: goes on with the current task in 8 of 16 cases; up to 15.
    /// * `pct:3`: random priorities with two random changes of them (Burckhardt and others, ASPLOS 2010); up to 100.
    /// * `delays:2`: first come, first served, but for at most two delays: at a random choice the task that is next is passed over
    ///   (Emmi and others, POPL 2011); up to 100.
    /// * `workers:4`: the schedules of a [`Pool`](reveille_executor::Pool) with four workers, of which a random one moves
    ///   next; up to 64.
    /// * `urw`: in proportion to how much of the run a task has before it, which makes schedules about equally likely (Zhao and
    ///   others, ASPLOS 2025).
    /// * `pos`: a random priority per poll (Yuan and others, CAV 2018).
    /// * `surw`: all orders of a few guessed polls equally likely (Zhao and others, ASPLOS 2025).
    /// * `skewed`: tasks of very different speeds.
    /// * `feedback`: `surw`, and small changes of those of its runs that came upon something new: who made whom runnable, and
    ///   whose poll came right after whose. Each run depends on those before it: a failing one is named by its tape.
    /// * `exhaustive`: all runs there are; [`Passed::complete`](crate::Passed::complete) says whether it came to the end within the number of runs.
    ///   `exhaustive:2`: all that delay tasks by two turns at most.
    ///
    /// ```
    /// let passed = reveille::explore()
    ///     .strategy("exhaustive")
    ///     .run(|| async {
    ///         let tasks = [0, 1, 2].map(|_| reveille::spawn(async {}));
    ///         for task in tasks {
    ///             task.await.unwrap();
    ///         }
    ///     })
    ///     .unwrap();
    /// assert!(passed.complete);
    /// ```
    pub fn strategy(mut self, name: impl Into<String>) -> Self {
        self.strategy = Some(name.into());
        self
    }
}
