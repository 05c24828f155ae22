//! How long a future may be owed a poll.

use std::time::Duration;

use crate::explore::Explore;

/// How long a future may be owed a poll: what is a usual limit for a request, so that nothing that waits behind the future is
/// still there.
pub(crate) const STARVED_TIME: Duration = Duration::from_secs(30);

/// How many polls may pass it over: more than a task makes for one piece of work.
pub(crate) const STARVED_POLLS: u64 = 1_000;

impl Explore {
    /// How long, in virtual time, a future may be owed a poll before that is a finding
    /// ([`StarvedLeaf`](crate::FindingKind::StarvedLeaf)): it was woken, and its task polls on without polling it. 30 s by
    /// default. What counts, and what does not, is told in [`leaf`](mod@crate::leaf).
    ///
    /// ```
    /// use futures::{StreamExt, stream};
    /// use reveille::{FindingKind, leaf};
    /// use reveille::time::{Duration, sleep};
    ///
    /// async fn fetch(page: u64) -> u64 {
    ///     sleep(Duration::from_secs(page)).await; // the request
    ///     sleep(Duration::from_secs(1)).await; // the answer
    ///     page
    /// }
    ///
    /// async fn program() {
    ///     let mut pages = stream::iter(1..=4).map(|page| leaf(fetch(page))).buffer_unordered(4);
    ///     while let Some(_page) = pages.next().await {
    ///         sleep(Duration::from_secs(10)).await; // and nobody polls the others meanwhile
    ///     }
    /// }
    /// reveille::explore().run(program).unwrap();
    /// let failure = reveille::explore().starved_after(Duration::from_secs(5)).run(program).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    /// ```
    ///
    /// # Errors
    /// From [`run`](Self::run): if it is zero, or more than [`limits`](Self::limits) gives a run.
    pub fn starved_after(mut self, time: Duration) -> Self {
        self.starved_time = Some(time);
        self
    }

    /// How many polls of its task may pass over a future in [`leaf`](fn@crate::leaf) that is owed one; 1,000 by default. Of
    /// other futures only the time counts.
    ///
    /// # Errors
    /// From [`run`](Self::run): if it is zero, or more than [`limits`](Self::limits) gives a run.
    ///
    /// ```
    /// use std::{future::pending, pin::pin};
    ///
    /// use reveille::{FindingKind, explore, leaf, spawn, yield_now};
    /// use futures::channel::oneshot;
    ///
    /// async fn busy() {
    ///     let (send, receive) = oneshot::channel();
    ///     let mut answer = pin!(leaf(receive));
    ///     let _ = futures::poll!(answer.as_mut());
    ///     spawn(async { send.send(42).unwrap() }).await.unwrap();
    ///     for _ in 0..100 {
    ///         yield_now().await; // the answer is there, and nobody looks
    ///     }
    ///     answer.await.unwrap();
    /// }
    /// explore().run(busy).unwrap();
    /// let failure = explore().starved_polls(50).run(busy).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    /// ```
    pub fn starved_polls(mut self, polls: u64) -> Self {
        self.starved_polls = Some(polls);
        self
    }

    /// Whether the limits make sense, as far as they were asked for.
    pub(crate) fn check_starvation(&self) -> Result<(), String> {
        let (time, polls) = (self.starved_time, self.starved_polls);
        if time.is_some_and(|time| time.is_zero()) || polls == Some(0) {
            return Err(
                "`starved_after` and `starved_polls` must be above zero: who is woken is polled a little later".into(),
            );
        }
        if time > Some(self.time_max) || polls > Some(self.polls_max) {
            return Err(
                "`starved_after` and `starved_polls` must not be above the limits of a run: no run goes so far".into(),
            );
        }
        Ok(())
    }
}
