//! Cleanup that runs to its end when what it cleans up after is cancelled.

use reveille_executor::Scope;

/// Awaits `future`, and lets `cleanup` run to its end in `scope`, however the future ends: with its output, by a panic, or by
/// being dropped at any of its awaits. Dropped before its first poll, it had nothing to clean up.
///
/// A destructor cannot await. What it can do is to start the cleanup where somebody waits for it: in a scope that lies
/// outside of what is cancelled. If the scope is dropped as well, the cleanup is dropped with it.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use reveille::{cancel, scope, yield_now};
///
/// reveille::explore()
///     .run(|| async {
///         let open = Rc::new(Cell::new(false));
///         scope(async |scope| {
///             let (opens, closes) = (Rc::clone(&open), Rc::clone(&open));
///             let session = async move {
///                 opens.set(true);
///                 yield_now().await;
///             };
///             let close = async move {
///                 yield_now().await;
///                 closes.set(false);
///             };
///             cancel::cancellable(cancel::cleaned_up(&scope, session, close)).await;
///         })
///         .await;
///         assert!(!open.get());
///     })
///     .unwrap();
/// ```
pub async fn cleaned_up<'env, F, C>(scope: &Scope<'env>, future: F, cleanup: C) -> F::Output
where
    F: IntoFuture,
    C: Future<Output = ()> + 'static,
{
    let _cleanup = Cleanup { scope, future: Some(cleanup) };
    future.into_future().await
}

/// Starts the cleanup when dropped.
struct Cleanup<'scope, 'env, C: Future<Output = ()> + 'static> {
    scope: &'scope Scope<'env>,
    /// Invariant: present until the drop.
    future: Option<C>,
}

impl<C: Future<Output = ()> + 'static> Drop for Cleanup<'_, '_, C> {
    fn drop(&mut self) {
        if let Some(cleanup) = self.future.take() {
            drop(self.scope.spawn(cleanup));
        }
    }
}
