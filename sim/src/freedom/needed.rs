//! Which freedoms a failing run needs, and what the report says of them.

use super::Freedom;
use crate::draws::Draw;
use crate::explain::Case;
use crate::judge::Verdict;
use crate::run::Run;
use crate::shrink::Same;
use crate::strategy::Lenient;
use crate::tape::Tape;
use crate::trial::Trial;
use crate::watch::Watch;

/// The freedoms that the run of `tape`, which came to `verdict`, takes and without which it does not come to that.
pub(crate) fn needed(trial: &Trial<'_>, tape: &Tape, verdict: &Verdict) -> Vec<Freedom> {
    let Some(same) = Same::of(verdict, None) else { return Vec::new() };
    taken(tape).into_iter().filter(|freedom| !fails_without(trial, tape, &same, *freedom)).collect()
}

/// The freedoms that the run of `tape` takes.
pub(crate) fn taken(tape: &Tape) -> Vec<Freedom> {
    tape.settings.freedoms.iter().filter(|freedom| tape.unusual_of(freedom.kind().letter()) > 0).collect()
}

/// Whether the run fails in the same way with all as it was, but for `freedom`.
fn fails_without(trial: &Trial<'_>, tape: &Tape, same: &Same, freedom: Freedom) -> bool {
    let draws = |run: &Run| answers_without(run.choices.borrow().draws().iter(), freedom);
    let answers = trial.repeat(tape, Watch::default, |run, _| draws(run)).1;
    let (outcome, tape) = trial.rules.call(|| {
        let world = trial.rehearsal_with(tape.settings.freedoms.without(freedom));
        world.choices.borrow_mut().answer_from(Box::new(Lenient::answering(answers)));
        (trial.perform(&world, 1, |_, _| ()).0, trial.tape(&world))
    });
    Case { trial, tape: &tape, digest: outcome.digest }.showing(same, outcome).is_some()
}

/// The unusual answers by position, the questions of `freedom` taken out.
pub(crate) fn answers_without(draws: impl Iterator<Item = Draw>, freedom: Freedom) -> Vec<(u64, u32)> {
    let others = draws.filter(|draw| draw.kind != freedom.kind()).enumerate();
    others.filter(|(_, draw)| draw.value > 0).map(|(at, draw)| (at as u64, draw.value)).collect()
}

/// What the report says of them.
pub(crate) fn lines(needed: &[Freedom]) -> Vec<String> {
    let line = |freedom: &Freedom| format!("needs the freedom `{freedom}`: {}", freedom.contract());
    needed.iter().map(line).collect()
}
