//! Shrinking by the order of tasks: the turns of some tasks become usual, then stretches of the order do, or are left out.
//!
//! For runs that are far from the usual one. There an answer by position depends on all those before it, and dropping one
//! of them makes another schedule of all that follows; an order of tasks stays what it is.

use std::ops::Range;

use super::Shrinker;
use crate::strategy::Turn;

/// The longest order that is looked at: each edit costs a replay.
const TURNS_MAX: usize = 2_000;

/// Makes a shorter or more usual order, by changing a stretch.
type Edit = fn(&[Turn], Range<usize>) -> Vec<Turn>;

/// The order of the best run, if it is not too long.
fn turns(shrinker: &Shrinker<'_>) -> Option<Vec<Turn>> {
    let turns = || shrinker.order.iter().map(|task| Turn::Of(*task)).collect();
    (shrinker.order.len() <= TURNS_MAX).then(turns)
}

/// Tries both edits on the order of the best run, stretch by stretch, halves first; again if that helped, since one makes room
/// for the other.
pub(super) fn stretches(shrinker: &mut Shrinker<'_>) {
    let Some(mut turns) = turns(shrinker) else { return };
    for _ in 0..2 {
        let before = turns.clone();
        for edit in [usual as Edit, left_out] {
            let mut length = turns.len().div_ceil(2);
            while length > 0 {
                turns = sweep(shrinker, turns, length, edit);
                length /= 2;
            }
        }
        if turns == before {
            return;
        }
    }
}

/// Makes all turns of a task usual at once, of half of the tasks first: of a crowd most matter by their number only.
pub(super) fn tasks(shrinker: &mut Shrinker<'_>) {
    let Some(mut turns) = turns(shrinker) else { return };
    let mut tasks = shrinker.order.clone();
    tasks.sort_unstable();
    tasks.dedup();
    let mut length = tasks.len().div_ceil(2);
    while length > 0 {
        let mut from = 0;
        while from < tasks.len() && !shrinker.is_half_spent() {
            let to = (from + length).min(tasks.len());
            let is_dull = |turn: &Turn| matches!(turn, Turn::Of(task) if tasks[from..to].contains(task));
            let dull = |turn: &Turn| if is_dull(turn) { Turn::Usual } else { *turn };
            let candidate: Vec<_> = turns.iter().map(dull).collect();
            if shrinker.attempt_order(candidate.clone()) {
                turns = candidate;
                tasks.drain(from..to);
            } else {
                from = to;
            }
        }
        length /= 2;
    }
}

/// Tries `edit` on each stretch of `length` turns, and keeps what makes the run smaller.
fn sweep(shrinker: &mut Shrinker<'_>, mut turns: Vec<Turn>, length: usize, edit: Edit) -> Vec<Turn> {
    let mut from = 0;
    while from < turns.len() && !shrinker.is_half_spent() {
        let to = (from + length).min(turns.len());
        let candidate = edit(&turns, from..to);
        if candidate != turns && shrinker.attempt_order(candidate.clone()) {
            // If turns were left out, the next ones are here now.
            from = if candidate.len() < turns.len() { from } else { to };
            turns = candidate;
        } else {
            from = to;
        }
    }
    turns
}

fn usual(turns: &[Turn], stretch: Range<usize>) -> Vec<Turn> {
    let mut turns = turns.to_vec();
    turns[stretch].fill(Turn::Usual);
    turns
}

fn left_out(turns: &[Turn], stretch: Range<usize>) -> Vec<Turn> {
    [&turns[..stretch.start], &turns[stretch.end..]].concat()
}
