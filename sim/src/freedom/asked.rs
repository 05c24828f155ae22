//! Freedoms by name: the builder's method, and the words that it takes.

use super::{Freedom, Set};
use crate::explore::Explore;
use crate::strategy::Strategy;

impl Explore {
    /// What odd but legal things the executor may do, by [name](Freedom), with commas: `spurious,held-back`. Also `none`, and `default`,
    /// which may stand among names: under the default strategy the seed draws from the default ones, run by run; under
    /// another, or beside names, all of them are on. Without this, default freedoms are for the default strategy alone.
    ///
    /// `REVEILLE_FREEDOMS` says the same, and has the last word. [`Passed::exercised`](crate::Passed::exercised) tells how often
    /// each was taken.
    ///
    /// ```
    /// use std::{future::poll_fn, task::Poll};
    /// use reveille::{Freedom, FindingKind};
    ///
    /// // A future that takes its second poll for the event.
    /// async fn program() {
    ///     let start = reveille::time::Instant::now();
    ///     let timer = reveille::time::sleep(std::time::Duration::from_secs(1));
    ///     let mut timer = std::pin::pin!(timer);
    ///     let mut polled = false;
    ///     poll_fn(|context| {
    ///         if !std::mem::replace(&mut polled, true) {
    ///             let _ = timer.as_mut().poll(context);
    ///             return Poll::Pending;
    ///         }
    ///         Poll::Ready(())
    ///     })
    ///     .await;
    ///     assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    /// }
    /// assert!(reveille::explore().freedoms("none").run(program).is_ok());
    /// let failure = reveille::explore().freedoms("spurious").run(program).unwrap_err();
    /// assert_eq!(failure.kind(), Some(FindingKind::Panic));
    /// assert_eq!(failure.freedoms(), [Freedom::Spurious]);
    /// ```
    pub fn freedoms(mut self, names: impl Into<String>) -> Self {
        self.freedoms = Some(names.into());
        self
    }
}

/// The freedoms of a campaign under `strategy`, of which somebody may have asked for some by name.
pub(crate) fn asked(names: Option<&str>, strategy: &Strategy) -> Result<Set, String> {
    match names {
        Some(names) => parse(names, strategy.draws_freedoms()),
        None if strategy.draws_freedoms() => Ok(Set::BY_SEED),
        None => Ok(Set::NONE),
    }
}

/// The freedoms that `text` names. `by_seed`: the strategy is one that draws from the default ones.
fn parse(text: &str, by_seed: bool) -> Result<Set, String> {
    match text.trim() {
        "none" => return Ok(Set::NONE),
        "default" if by_seed => return Ok(Set::BY_SEED),
        _ => {}
    }
    text.split(',').map(str::trim).try_fold(Set::NONE, |set, name| {
        if name == "default" {
            return Ok(Freedom::ALL.into_iter().filter(|freedom| freedom.is_default()).fold(set, Set::with));
        }
        match Freedom::ALL.into_iter().find(|freedom| freedom.name() == name) {
            Some(freedom) => Ok(set.with(freedom)),
            None => {
                let names: Vec<_> = Freedom::ALL.iter().map(|freedom| format!("`{freedom}`")).collect();
                Err(format!(
                    "there is no freedom `{name}`: expected `none`, `default`, or some of {}",
                    names.join(", ")
                ))
            }
        }
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_wrong_ones_are_answered_with_the_right_ones() {
        let both = Set::NONE.with(Freedom::Spurious).with(Freedom::FreshWakers);
        assert_eq!(parse("none", true), Ok(Set::NONE));
        assert_eq!(parse("default", true), Ok(Set::BY_SEED));
        assert_eq!(parse("default", false), Ok(both));
        assert_eq!(parse("default, inline-wake", true), Ok(both.with(Freedom::InlineWake)));
        for wrong in ["", "odd", "spurious,", "none,spurious"] {
            let error = parse(wrong, true).unwrap_err();
            assert!(error.contains("there is no freedom `") && error.contains("`inline-wake`"), "{error}");
        }
    }
}
