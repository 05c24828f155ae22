//! A future with an identity.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::proxy::{Delay, Proxy};
use super::record::{Made, log_of};
use crate::context;
use crate::run::{Phase, Run, RunId, Site};

/// Gives `future` an identity: a run knows when it was woken and whether it was polled since, and reports name it by the
/// place of this call.
///
/// The future is polled with a waker of its own, which wakes the task; apart from that it is passed through. When it is woken
/// and its task polls on without polling it, that is a finding: [`StarvedLeaf`](crate::FindingKind::StarvedLeaf) if it lasts
/// longer than [`Explore::starved_after`](crate::Explore::starved_after) and
/// [`starved_polls`](crate::Explore::starved_polls) allow,
/// [`Futurelock`](crate::FindingKind::Futurelock) if nothing can move any more. Timers have an identity of their own; see the
/// [module](mod@crate::leaf) for who else has, and for what counts.
///
/// Outside of a run nothing is added.
///
/// ```
/// use std::{pin::pin, sync::Arc};
///
/// use reveille::time::{Duration, sleep, timeout};
/// use reveille::{FindingKind, leaf, spawn};
/// use tokio::sync::Mutex;
///
/// let failure = reveille::explore()
///     .run(|| async {
///         let lock = Arc::new(Mutex::new(()));
///         let guard = lock.clone().lock_owned().await;
///         drop(spawn(async move {
///             sleep(Duration::from_secs(2)).await;
///             drop(guard);
///         }));
///         let mut first = pin!(leaf(lock.lock()));
///         if timeout(Duration::from_secs(1), &mut first).await.is_err() {
///             // `first` is next in the queue, and is handed the lock. Nobody polls it.
///             drop(lock.lock().await);
///         }
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
/// ```
#[track_caller]
pub fn leaf<F: IntoFuture>(future: F) -> Leaf<F::IntoFuture> {
    Leaf { future: future.into_future(), made: Location::caller(), link: None }
}

pin_project! {
    /// The future of [`leaf`](fn@leaf).
    ///
    /// ```
    /// use reveille::{leaf, time::{Duration, sleep}};
    ///
    /// # reveille::explore().runs(10).run(|| async {
    /// let reply = leaf(sleep(Duration::from_secs(1)));
    /// reply.await; // polled in time, or it is found
    /// # }).unwrap();
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Leaf<F> {
        #[pin]
        future: F,
        made: Site,
        // From the first poll in a run to the end.
        link: Option<Link>,
    }

    impl<F> PinnedDrop for Leaf<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(link) = this.link.take() {
                link.end(this.made, false);
            }
        }
    }
}

/// What ties a leaf to its run.
struct Link {
    proxy: Arc<Proxy>,
    /// The proxy as a waker.
    waker: Waker,
    run: RunId,
}

impl Link {
    fn new(run: &Run) -> Self {
        let proxy = Proxy::new(run.leaves.next(), run.id());
        run.leaves.add(&proxy);
        Self { waker: Waker::from(Arc::clone(&proxy)), proxy, run: run.id() }
    }

    fn made(site: Site) -> Made {
        Made { what: "leaf", site }
    }

    /// The leaf is about to be polled with `waker`. Whether the future in it gets the proxy: not where somebody looks where
    /// the task waits, for which every leaf has to clone a stranger.
    fn polled(&self, run: &Run, made: Site, waker: &Waker) -> bool {
        let delay = self.proxy.polled(run, waker);
        self.judge(run, made, delay);
        if let Some(log) = log_of(run) {
            log.polled(run, self.proxy.leaf(), Self::made(made));
        }
        !run.is_looked_into()
    }

    fn judge(&self, run: &Run, made: Site, delay: Option<Delay>) {
        let limits = run.limits();
        let is_late =
            |delay: &Delay| delay.polls > 0 && (delay.time > limits.starved_time || delay.polls > limits.starved_polls);
        if delay.as_ref().is_some_and(is_late) {
            run.leaves.is_late(self.proxy.leaf(), Self::made(made));
        }
    }

    /// The leaf has completed, or is dropped.
    fn end(self, made: Site, completed: bool) {
        let in_its_run = |run: &Run| {
            if run.id() != self.run {
                return false;
            }
            let delay = self.proxy.gone(Some(run));
            self.judge(run, made, delay);
            if let Some(log) = log_of(run) {
                log.gone(run, self.proxy.leaf(), completed);
            }
            true
        };
        if context::try_with(in_its_run) != Some(true) {
            self.proxy.gone(None);
        }
    }
}

impl<F: Future> Future for Leaf<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let made = *this.made;
        let uses_proxy = context::try_with(|run| {
            if run.phase() != Phase::Running {
                return false;
            }
            let link = this.link.take().filter(|link| link.run == run.id()).unwrap_or_else(|| Link::new(run));
            this.link.insert(link).polled(run, made, context.waker())
        });
        let polled = match this.link {
            Some(link) if uses_proxy == Some(true) => this.future.poll(&mut Context::from_waker(&link.waker)),
            _ => this.future.poll(context),
        };
        if polled.is_ready()
            && let Some(link) = this.link.take()
        {
            link.end(made, true);
        }
        polled
    }
}

impl<F> std::fmt::Debug for Leaf<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaf").field("made", &self.made).finish_non_exhaustive()
    }
}
