//! What a program may return.

use std::fmt::Debug;

use crate::backtraces;

/// The value of a root future: nothing, or a `Result` whose error is a finding.
///
/// ```
/// let failure = reveille::explore().run(|| async { "x".parse::<u8>().map(drop) }).unwrap_err();
/// assert_eq!(failure.kind(), Some(reveille::FindingKind::Error));
/// ```
#[diagnostic::on_unimplemented(
    message = "a program that returns `{Self}` neither passes nor fails",
    label = "this is returned",
    note = "let it return `()`, or a `Result` of that whose error is a finding; assert what else it comes to within it"
)]
pub trait Outcome: 'static {
    /// The error as text, if this is one.
    ///
    /// # Errors
    /// When the program says that it failed.
    ///
    /// ```
    /// use reveille::Outcome;
    ///
    /// assert_eq!(().into_result(), Ok(()));
    /// assert_eq!(Err::<(), _>("no funds").into_result(), Err(String::from("\"no funds\"")));
    /// ```
    fn into_result(self) -> Result<(), String>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<T: Outcome, E: Debug + 'static> Outcome for Result<T, E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| backtraces::shortened(format!("{error:?}"))).and_then(Outcome::into_result)
    }
}

/// A root that never returns (`async { panic!() }`, `async { loop { .. } }`) has no outcome, and needs none.
impl Outcome for Never {
    fn into_result(self) -> Result<(), String> {
        self
    }
}

/// The type `!`, which cannot be named outside of a return type yet.
type Never = <fn() -> ! as Returns>::Output;

/// What a function type returns.
#[doc(hidden)]
pub trait Returns {
    /// The type in question.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}
