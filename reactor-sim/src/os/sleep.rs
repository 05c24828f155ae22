//! Waiting for a point in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as StdInstant};

use super::Os;
use super::time::Armed;
use crate::{Instant, TimerKey};

impl Os {
    /// Waits until `duration` has passed. The wait begins with the call, not with the first poll.
    ///
    /// A duration of zero completes at once, so it gives way to nobody; one that reaches beyond the end of time (584 years) never
    /// completes. It never completes early; how late depends on who turns the reactor, and on the system, which counts in milliseconds
    /// on Linux.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::os::Os;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let os = Os::new()?;
    /// os.block_on(async {
    ///     let (one, two) = (os.sleep(Duration::from_millis(2)), os.sleep(Duration::from_millis(3)));
    ///     one.await;
    ///     two.await; // it began with the call
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_to(self.0.clock.now() + duration)
    }

    /// Waits until `deadline`; completes at once if that has passed.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use reveille_reactor::os::Os;
    ///
    /// # #[allow(clippy::disallowed_methods)]
    /// # fn main() -> std::io::Result<()> {
    /// let os = Os::new()?;
    /// let deadline = Instant::now() + Duration::from_millis(2);
    /// os.block_on(os.sleep_until(deadline));
    /// assert!(Instant::now() >= deadline);
    /// os.block_on(os.sleep_until(deadline)); // at once
    /// # Ok(())
    /// # }
    /// ```
    pub fn sleep_until(&self, deadline: StdInstant) -> Sleep {
        self.sleep_to(self.0.clock.at(deadline))
    }

    fn sleep_to(&self, deadline: Instant) -> Sleep {
        Sleep { os: self.clone(), deadline, timer: None }
    }
}

/// The future of [`Os::sleep`] and [`Os::sleep_until`]. Dropping it disarms the timer. It may be polled again after it has completed.
///
/// It goes with any executor, and from thread to thread, as long as somebody turns its reactor. The time limit of a read:
///
/// ```
/// use std::pin::pin;
/// use std::time::Duration;
/// use futures::future::{Either, select};
/// use reveille_reactor::os::{Os, UdpSocket};
///
/// # fn main() -> std::io::Result<()> {
/// let os = Os::new()?;
/// let (one, other) = (UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?, UdpSocket::bind_in(os.clone(), "127.0.0.1:0")?);
/// os.block_on(async {
///     let mut buffer = [0; 16];
///     // Nobody has sent anything.
///     let limit = os.sleep(Duration::from_millis(5));
///     assert!(matches!(select(pin!(one.recv(&mut buffer)), limit).await, Either::Right(..)));
///
///     other.send_to(b"late", one.local_addr()?).await?;
///     let limit = os.sleep(Duration::from_secs(60));
///     let Either::Left((received, _)) = select(pin!(one.recv(&mut buffer)), limit).await else { panic!("too late") };
///     assert_eq!(received?, 4);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    os: Os,
    deadline: Instant,
    /// The armed timer, from the first pending poll on.
    timer: Option<TimerKey>,
}

impl Sleep {
    /// Nobody waits for it any more.
    fn disarm(&mut self) {
        if let Some(timer) = self.timer.take() {
            drop(self.os.0.clock.disarm(timer));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (this, waker) = (&mut *self, context.waker());
        let clock = &this.os.0.clock;
        if clock.now() >= this.deadline {
            this.disarm();
            return Poll::Ready(());
        }
        if this.timer.is_some_and(|timer| clock.holds(timer, waker)) {
            return Poll::Pending;
        }
        // Cloned outside of the lock. A timer that has fired meanwhile is armed again, and due at the next turn.
        let Armed { timer, replaced, is_to_interrupt } = clock.arm(this.timer, this.deadline, waker.clone());
        this.timer = Some(timer);
        if is_to_interrupt {
            this.os.interrupt();
        }
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}
