//! The edits that shrinking tries.

use std::ops::Range;

use super::{Answers, Shrinker, afresh, order};

/// Up to so many unusual answers, edits of them alone find the smallest run.
const FEW: usize = 4;

/// Tries all edits until none helps or the budget is spent.
pub(super) fn run(shrinker: &mut Shrinker<'_>) {
    if shrinker.attempt(Vec::new()) {
        return;
    }
    if shrinker.answers().len() > FEW {
        shorten(shrinker);
        order::tasks(shrinker);
        run_ahead(shrinker);
        if !is_in_a_row(&shrinker.answers()) {
            order::stretches(shrinker);
        }
        if shrinker.answers().len() > FEW && !is_in_a_row(&shrinker.answers()) {
            afresh::run(shrinker);
        }
    }
    loop {
        let before = shrinker.size;
        shorten(shrinker);
        drop_stretches(shrinker);
        lower(shrinker);
        take_out(shrinker);
        shift(shrinker);
        if shrinker.is_spent() {
            return;
        }
        if shrinker.size == before && !search_below(shrinker) {
            return;
        }
    }
}

/// Keeps only the first unusual answers: 1, 2, 4, .. of them.
fn shorten(shrinker: &mut Shrinker<'_>) {
    let answers = shrinker.answers();
    let mut keep = 1;
    while keep < answers.len() {
        if shrinker.attempt(answers[..keep].to_vec()) {
            return;
        }
        keep *= 2;
    }
}

/// Makes stretches of unusual answers usual: halves first, single ones last (delta debugging, Zeller and Hildebrandt 2002).
fn drop_stretches(shrinker: &mut Shrinker<'_>) {
    let mut length = shrinker.answers().len().div_ceil(2);
    while length > 0 && !shrinker.is_spent() {
        let mut from = 0;
        loop {
            let answers = shrinker.answers();
            if from >= answers.len() || shrinker.is_spent() {
                break;
            }
            let to = (from + length).min(answers.len());
            let rest: Answers = answers[..from].iter().chain(&answers[to..]).copied().collect();
            if !shrinker.attempt(rest) {
                from = to;
            }
        }
        length /= 2;
    }
}

/// Lowers single answers: to 1, to half, by one.
fn lower(shrinker: &mut Shrinker<'_>) {
    let mut nth = 0;
    while nth < shrinker.answers().len() && !shrinker.is_spent() {
        let lowered =
            |value: u32| [1, value / 2, value - 1].into_iter().filter(move |&lower| 0 < lower && lower < value);
        let value = shrinker.answers()[nth].1;
        let improved = lowered(value).any(|lower| {
            let mut answers = shrinker.answers();
            answers[nth].1 = lower;
            shrinker.attempt(answers)
        });
        if !improved {
            nth += 1;
        }
    }
}

/// Takes single choices out of the tape: what follows moves up. Tried at each unusual answer and right before it.
fn take_out(shrinker: &mut Shrinker<'_>) {
    let mut nth = 0;
    while nth < shrinker.answers().len() && !shrinker.is_spent() {
        let at = shrinker.answers()[nth].0;
        let improved = [at, at.wrapping_sub(1)].into_iter().filter(|&at| at != u64::MAX).any(|at| {
            let answers = shrinker.answers();
            let kept = answers.into_iter().filter(|&(position, _)| position != at);
            let moved = kept.map(|(position, value)| (if position > at { position - 1 } else { position }, value));
            shrinker.attempt(moved.collect())
        });
        if !improved {
            nth += 1;
        }
    }
}

/// Moves single unusual answers to a neighbouring choice.
fn shift(shrinker: &mut Shrinker<'_>) {
    for nth in 0..shrinker.answers().len() {
        for step in [1_i64, -1] {
            let mut answers = shrinker.answers();
            let Some(&(at, value)) = answers.get(nth) else { return };
            let Some(to) = at.checked_add_signed(step) else { continue };
            if answers.iter().all(|&(position, _)| position != to) {
                answers[nth] = (to, value);
                answers.sort_unstable();
                shrinker.attempt(answers);
            }
        }
    }
}

/// An answer that means the last one there is: of the schedule, the task that became runnable last, which is often the one that
/// was just polled.
const LAST: u32 = u32::MAX;

/// Lets one task run ahead: after the first answers, some or none, nothing but last ones, fewer than there are now. True if that
/// helped.
fn run_ahead(shrinker: &mut Shrinker<'_>) -> bool {
    let answers = shrinker.answers();
    let lengths = (1..answers.len()).rev().map(|length| (0, length));
    let starts = (1..answers.len()).map(|kept| (kept, answers.len() - 1 - kept));
    lengths.chain(starts).any(|(kept, length)| {
        let mut candidate = answers[..kept].to_vec();
        let from = candidate.last().map_or(0, |(at, _)| at + 1);
        candidate.extend((from..).take(length).map(|at| (at, LAST)));
        !shrinker.is_half_spent() && shrinker.attempt(candidate)
    })
}

/// Whether no usual answer comes between the first and the last of `answers`: then the order has nothing to leave out.
fn is_in_a_row(answers: &Answers) -> bool {
    answers.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0)
}

/// A search below that has not helped after so many replays is given up: it seldom helps later.
const BELOW_MAX: u32 = 100;

/// Looks for a smaller run that no edit of the best one leads to: one task that runs ahead; two neighbouring answers made
/// one; a single unusual answer anywhere; then all but two of the answers and one elsewhere. True if that helped.
fn search_below(shrinker: &mut Shrinker<'_>) -> bool {
    let answers = shrinker.answers();
    if answers.len() < 2 {
        return false;
    }
    let enough = shrinker.replays + BELOW_MAX;
    let any = |bound| 1..bound;
    if run_ahead(shrinker) || merge_neighbours(shrinker, &answers, enough) {
        return true;
    }
    let all = 0..shrinker.best.len();
    if add_one(shrinker, &Vec::new(), all.clone(), any, enough) {
        return true;
    }
    if answers.len() == 2 {
        return false;
    }
    let pairs = (0..answers.len()).flat_map(|first| (first + 1..answers.len()).map(move |second| (first, second)));
    for (first, second) in pairs {
        if add_one(shrinker, &without(&answers, first, second), all.clone(), any, enough) {
            return true;
        }
        if shrinker.is_spent() || shrinker.replays >= enough {
            return false;
        }
    }
    false
}

fn without(answers: &Answers, first: usize, second: usize) -> Answers {
    let kept = answers.iter().enumerate().filter(|(nth, _)| *nth != first && *nth != second);
    kept.map(|(_, answer)| *answer).collect()
}

/// Puts one answer in the place of two neighbouring ones: one that delays as many tasks as both, or nearly so.
fn merge_neighbours(shrinker: &mut Shrinker<'_>, answers: &Answers, enough: u32) -> bool {
    (0..answers.len() - 1).any(|first| {
        let ((from, one), (to, other)) = (answers[first], answers[first + 1]);
        let near = from.saturating_sub(1) as usize..to as usize + 2;
        let sum = one.saturating_add(other);
        let nearly = move |bound: u32| sum.saturating_sub(1).max(1)..sum.saturating_add(2).min(bound);
        add_one(shrinker, &without(answers, first, first + 1), near, nearly, enough)
    })
}

/// Tries `kept` and one unusual answer more, at one of these positions and among `values` for its bound, until there were
/// `enough` replays. True if that helped.
fn add_one(
    shrinker: &mut Shrinker<'_>,
    kept: &Answers,
    positions: Range<usize>,
    values: impl Fn(u32) -> Range<u32>,
    enough: u32,
) -> bool {
    let positions = positions.start..positions.end.min(shrinker.best.len());
    for at in positions {
        if kept.iter().any(|&(position, _)| position == at as u64) {
            continue;
        }
        for value in values(shrinker.best[at].bound) {
            if shrinker.is_spent() || shrinker.replays >= enough {
                return false;
            }
            let mut candidate = kept.clone();
            candidate.push((at as u64, value));
            candidate.sort_unstable();
            if shrinker.attempt(candidate) {
                return true;
            }
        }
    }
    false
}
