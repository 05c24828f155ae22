//! Shrinking by what the executor may do: a run that fails with fewer freedoms is a simpler one.

use std::cmp::Ordering;

use super::Shrinker;
use crate::draws::Draw;
use crate::freedom::{Set, answers_without};
use crate::strategy::{Lenient, Ordered, Source, Turn};

/// Tries to do without all freedoms, then without each.
pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    if shrinker.freedoms.is_none() || attempt(shrinker, Set::NONE) {
        return;
    }
    for freedom in shrinker.freedoms.iter() {
        attempt(shrinker, shrinker.freedoms.without(freedom));
    }
}

/// The same order of tasks with `fewer` freedoms: the questions of the others are not asked.
fn attempt(shrinker: &mut Shrinker<'_>, fewer: Set) -> bool {
    let turns: Vec<_> = shrinker.order.iter().map(|task| Turn::Of(*task)).collect();
    with(shrinker, fewer, |best| Box::new(Ordered::new(turns, best)))
}

/// Leaves out the freedoms that the best run so far does not take.
pub(super) fn drop_unused(shrinker: &mut Shrinker<'_>) {
    for freedom in shrinker.freedoms.iter() {
        let mut draws = shrinker.best.iter().filter(|draw| draw.kind == freedom.kind());
        if draws.clone().next().is_none() {
            // Nothing was asked: the same run.
            (shrinker.freedoms, shrinker.world) = (shrinker.freedoms.without(freedom), None);
            continue;
        }
        if draws.any(|draw| draw.value > 0) {
            continue;
        }
        let answers = answers_without(shrinker.best.iter().copied(), freedom);
        with(shrinker, shrinker.freedoms.without(freedom), |_| Box::new(Lenient::answering(answers)));
    }
}

/// Lets `source` answer in a world with `fewer` freedoms, and stays there if that makes the run smaller.
fn with(shrinker: &mut Shrinker<'_>, fewer: Set, source: impl FnOnce(&[Draw]) -> Box<dyn Source> + Send) -> bool {
    // With other freedoms an answer is that to another question.
    let before = (shrinker.freedoms, shrinker.world.take(), std::mem::take(&mut shrinker.tried));
    shrinker.freedoms = fewer;
    let is_smaller = shrinker.attempt_with(source) == Some(Ordering::Less);
    if !is_smaller {
        (shrinker.freedoms, shrinker.world, shrinker.tried) = before;
    }
    is_smaller
}
