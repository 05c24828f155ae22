//! Invariants of the user's own, checked as the run goes.

use crate::event::Event;

/// Turns events into findings.
///
/// An oracle is made anew for each run (see [`Explore::oracle`](crate::Explore::oracle)) and sees every event in order.
/// It looks at the schedule; what the program computes is checked more simply by an assertion inside the program.
///
/// ```
/// use reveille::{Event, Oracle};
///
/// /// No run of this program may need more than 100 polls.
/// #[derive(Default)]
/// struct Frugal(u32);
///
/// impl Oracle for Frugal {
///     fn event(&mut self, event: &Event) -> Result<(), String> {
///         self.0 += u32::from(matches!(event, Event::Polled { .. }));
///         if self.0 <= 100 { Ok(()) } else { Err(String::from("more than 100 polls")) }
///     }
/// }
///
/// let failure = reveille::explore()
///     .oracle(Frugal::default)
///     .run(|| async {
///         for _ in 0..200 {
///             reveille::yield_now().await;
///         }
///     })
///     .unwrap_err();
/// assert!(failure.to_string().contains("more than 100 polls"));
/// ```
pub trait Oracle {
    /// Looks at the next event of the run. `Err` ends the run with a finding that carries the text.
    ///
    /// # Errors
    /// When the invariant is broken.
    fn event(&mut self, event: &Event) -> Result<(), String>;

    /// The program has ended of its own accord.
    ///
    /// # Errors
    /// When the invariant is broken.
    ///
    /// ```
    /// use reveille::{Event, FindingKind, Oracle, explore, spawn};
    ///
    /// /// Who is spawned ends, before the run does.
    /// #[derive(Default)]
    /// struct AllEnd(i32);
    ///
    /// impl Oracle for AllEnd {
    ///     fn event(&mut self, event: &Event) -> Result<(), String> {
    ///         self.0 += i32::from(matches!(event, Event::Spawned { .. }));
    ///         self.0 -= i32::from(matches!(event, Event::Ended { .. }));
    ///         Ok(())
    ///     }
    ///
    ///     fn end(&mut self) -> Result<(), String> {
    ///         if self.0 == 0 { Ok(()) } else { Err(format!("{} have not ended", self.0)) }
    ///     }
    /// }
    /// let program = |seconds| move || async move {
    ///     drop(spawn(reveille::time::sleep(std::time::Duration::from_secs(seconds))));
    /// };
    /// explore().oracle(AllEnd::default).run(program(0)).unwrap();
    /// let failure = explore().oracle(AllEnd::default).run(program(1)).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Oracle));
    /// ```
    fn end(&mut self) -> Result<(), String> {
        Ok(())
    }
}
