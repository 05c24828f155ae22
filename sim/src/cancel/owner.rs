//! Effects that must not outlive who owns them.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::record::Harm;
use crate::context;
use crate::finding::TaskInfo;
use crate::run::{Phase, Site};

/// Makes an owner of effects, to be kept in a handle, a connection, a guard: whatever users believe to be gone when it is
/// dropped. Work done on its behalf, wherever it runs, calls [`Effects::happen`]; if that comes after the owner's drop, it is
/// a finding ([`LateEffect`](crate::FindingKind::LateEffect)), with the task that did it, where it was spawned, and by whom.
///
/// Outside of a run nothing is watched.
///
/// ```
/// use reveille::{FindingKind, cancel, spawn, yield_now};
///
/// struct Cache {
///     owner: cancel::Owner,
/// }
///
/// impl Drop for Cache {
///     fn drop(&mut self) {
///         let effects = self.owner.effects();
///         drop(spawn(async move { effects.happen("the flush") }));
///     }
/// }
/// let failure = reveille::explore()
///     .run(|| async {
///         drop(Cache { owner: cancel::owner("the cache") });
///         yield_now().await;
///     })
///     .unwrap_err();
/// assert_eq!(failure.kind(), Some(FindingKind::LateEffect));
/// ```
#[track_caller]
#[must_use = "an owner that is dropped at once owns nothing"]
pub fn owner(what: &'static str) -> Owner {
    Owner(Arc::new(Life { what, made: Location::caller(), gone: AtomicBool::new(false) }))
}

/// Made by [`owner`]. Its drop is the end of all effects.
///
/// ```
/// use reveille::{cancel, spawn, yield_now};
///
/// // Whose work ends before its owner does is right.
/// reveille::explore()
///     .run(|| async {
///         let owner = cancel::owner("the cache");
///         let effects = owner.effects();
///         let flush = spawn(async move {
///             yield_now().await;
///             effects.happen("the flush");
///         });
///         flush.await.unwrap();
///         drop(owner);
///     })
///     .unwrap();
/// ```
#[derive(Debug)]
pub struct Owner(Arc<Life>);

#[derive(Debug)]
struct Life {
    what: &'static str,
    made: Site,
    gone: AtomicBool,
}

impl Owner {
    /// What those hold that act on behalf of this owner.
    #[must_use]
    pub fn effects(&self) -> Effects {
        Effects(Arc::clone(&self.0))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Relaxed);
    }
}

/// The right to act on behalf of an [`Owner`].
///
/// ```
/// use reveille::cancel;
///
/// # reveille::explore().runs(10).run(|| async {
/// let owner = cancel::owner("the cache");
/// let effects = owner.effects();
/// effects.happen("an entry is refreshed");
/// drop(owner);
/// assert!(effects.is_late()); // now, to let one happen is a finding
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Effects(Arc<Life>);

impl Effects {
    /// Says that `effect` happens now. A finding if the owner is gone.
    #[track_caller]
    pub fn happen(&self, effect: &'static str) {
        if !self.is_late() {
            return;
        }
        let (Life { what, made, .. }, at) = (&*self.0, Location::caller());
        context::try_with(|run| {
            if run.phase() == Phase::Running {
                let task = run.current().map(|task| TaskInfo::of(run, task));
                run.cancel.harmed(Harm::Late { what, made, effect, at, task });
            }
        });
    }

    /// Whether the owner is gone.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.0.gone.load(Ordering::Relaxed)
    }
}
