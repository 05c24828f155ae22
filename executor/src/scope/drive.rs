//! The future of a scope.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll};

use super::Scope;
use super::children::{Children, CloseOnDrop};
use super::reach::Reach;
use super::tally::Payload;

/// Runs `body` and its children.
pub(super) async fn drive<'env, R, F, T>(host: R::Hosting<'env>, body: F) -> T
where
    R: Reach,
    F: AsyncFnOnce(Scope<'env, R>) -> T,
{
    let scope = Scope { children: StdArc::new(Children::new(host)) };
    let close = CloseOnDrop(scope.clone());
    let mut body = pin!(Some(body(scope)));
    let mut drive = Drive { output: None, panic: None, cancelled: false };
    poll_fn(|cx| drive.poll(&close.0.children, body.as_mut(), cx)).await
}

/// How far a scope has come.
struct Drive<T> {
    /// The body's, once it is done.
    output: Option<T>,
    /// The body's own panic.
    panic: Option<Payload>,
    /// A panic has cancelled everybody else: once, as what comes after that cleans up.
    cancelled: bool,
}

impl<T> Drive<T> {
    /// Polls body and borrowing children; ready when nobody is left.
    fn poll<R: Reach>(
        &mut self,
        children: &Children<'_, R>,
        mut body: Pin<&mut Option<impl Future<Output = T>>>,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        self.poll_body(body.as_mut(), cx);
        let is_empty = loop {
            poll_enclosed(children, cx);
            // Before the look for a panic: a child that panics later than that wakes us.
            let is_empty = children.tally.is_empty_or_wait(cx);
            if self.cancelled || !(self.panic.is_some() || children.tally.has_panic()) {
                break is_empty;
            }
            self.cancelled = true;
            self.drop_body(body.as_mut());
            drop(children.cancel());
        };
        if body.is_some() || children.enclosed(0).is_some() || !is_empty {
            return Poll::Pending;
        }
        if let Some(payload) = children.tally.take_panic().or_else(|| self.panic.take()) {
            resume_unwind(payload);
        }
        Poll::Ready(self.output.take().expect("the body is done, and did not panic"))
    }

    fn poll_body(&mut self, mut body: Pin<&mut Option<impl Future<Output = T>>>, cx: &mut Context<'_>) {
        let Some(future) = body.as_mut().as_pin_mut() else { return };
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(output)) => self.output = Some(output),
            Err(payload) => self.panic = Some(payload),
        }
        self.drop_body(body);
    }

    fn drop_body(&mut self, mut body: Pin<&mut Option<impl Future<Output = T>>>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| body.set(None))) {
            self.panic.get_or_insert(payload);
        }
    }
}

/// Polls the borrowing children, also those that they start meanwhile.
fn poll_enclosed<R: Reach>(children: &Children<'_, R>, cx: &mut Context<'_>) {
    let mut index = 0;
    while let Some(child) = children.enclosed(index) {
        match child.poll(cx) {
            Poll::Pending => index += 1,
            Poll::Ready(()) => children.remove_enclosed(index),
        }
    }
}
