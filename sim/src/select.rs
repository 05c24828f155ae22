//! `select!`, in which the run decides which branch is looked at first.

use reveille_executor::Point;

use crate::context;
use crate::kinds;

/// tokio's `select!`, whose branches are polled in an order that the run decides: it is explored, replayed and shrunk like all else.
///
/// Without `biased;` tokio's own begins with a branch that it draws from a generator of the thread, which no seed repeats: what is found
/// cannot be replayed then, and a campaign that notices says [nondeterminism](crate::FindingKind::Nondeterminism). A crate that needs
/// the fairness imports this one under test, from the one module that [names the runtime](crate::guide::tokio):
///
/// ```
/// mod rt {
/// #   #[cfg(any())]
///     #[cfg(not(test))]
///     pub use tokio::select;
/// #   #[cfg(all())] pub use reveille::select; #[cfg(any())]
///     #[cfg(test)]
///     pub use reveille::select;
/// }
///
/// /// Takes from whichever queue has something; which of two, nothing says.
/// async fn next(one: &mut Queue, two: &mut Queue) -> Option<u32> {
///     rt::select! {
///         Some(number) = one.recv() => Some(number),
///         Some(number) = two.recv() => Some(number),
///         else => None,
///     }
/// }
/// # type Queue = tokio::sync::mpsc::Receiver<u32>;
///
/// # let passed =
/// reveille::explore().run(|| async {
///     let ((one, mut first), (two, mut second)) = (tokio::sync::mpsc::channel(1), tokio::sync::mpsc::channel(1));
///     one.send(1).await.unwrap();
///     two.send(2).await.unwrap();
///     let came = next(&mut first, &mut second).await.unwrap();
///     reveille::sometimes!(came == 2, "the second queue comes first");
/// })
/// # .unwrap();
/// # assert_eq!(passed.runs, 1_000);
/// ```
///
/// The syntax is tokio's, `biased;` and `else` included, and so is all but that draw: it expands to `tokio::select!`, so the crate that
/// uses it depends on `tokio` with the feature `macros`, of version 1.5 or later. Outside of a run tokio draws.
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => {
        ::tokio::select! { biased; $($branches)* }
    };
    (else => $($default:tt)*) => {
        ::tokio::select! { else => $($default)* }
    };
    ($($branches:tt)*) => {
        // Where tokio's macro arrives once it has settled that it will draw; `BRANCHES` is a constant there.
        ::tokio::select!(@{
            start = {
                match $crate::__private::first_branch(BRANCHES) {
                    ::core::option::Option::Some(first) => first,
                    ::core::option::Option::None => ::tokio::macros::support::thread_rng_n(BRANCHES),
                }
            };
            ()
        } $($branches)*)
    };
}

/// Which of so many branches comes first; `None` outside of a run.
#[must_use]
pub fn first_branch(branches: u32) -> Option<u32> {
    context::try_with(|run| run.decide(Point::new(kinds::BRANCH, branches)))
}
