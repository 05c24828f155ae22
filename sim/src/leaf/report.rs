//! The sentences about leaves that are owed a poll.

use super::judgement::{OwedLeaf, Starvation};
use super::log::End;
use super::suspicion::Suspicion;
use crate::finding::{Finding, FindingKind};
use crate::run::Limits;
use crate::site::{self, AwaitSite};
use crate::waiting::await_sites;

/// What a stuck task holds back.
pub(crate) fn owed(owed: &OwedLeaf) -> Vec<String> {
    let OwedLeaf { leaf, made, site, polled, woken, woken_at, passed_over, excuse, .. } = owed;
    let times = times(*passed_over);
    let mut lines = vec![
        format!("it also owns a future that could go on: {}", made.words(*leaf)),
        format!("was woken at step {woken}, at {woken_at}, and not polled since, though the task was polled {times}"),
    ];
    lines.extend(awaits(&format!("that future, last polled at step {polled}"), std::slice::from_ref(site)));
    lines.extend(excuse.map(|reason| format!("it may starve, as the program says: {reason}")));
    lines
}

/// What a stuck task may hold back.
pub(crate) fn suspected(suspicion: &Suspicion) -> Vec<String> {
    let Suspicion { site, step, by } = suspicion;
    let mut lines = vec![
        format!(
            "perhaps a futurelock: it was woken at step {step} by task {by}, through a waker that it had left elsewhere,"
        ),
        "and waits on as before".into(),
    ];
    lines.extend(awaits("who was meant, if it is still there", std::slice::from_ref(site)));
    lines.push("in `reveille::leaf(..)` that future would tell".into());
    lines
}

/// What to do about a futurelock.
pub(crate) fn futurelock() -> Vec<String> {
    vec![
        "a future that is not polled keeps what it holds, be it a lock that it was handed just now: poll both together"
            .into(),
        "(`join!`), give it a task of its own, or drop it before something else is awaited (`reveille::guide::futurelock`)"
            .into(),
    ]
}

/// The leaves that were starved, most of all the first of them.
pub(crate) fn starved(starved: &[Starvation], limits: Limits) -> Finding {
    let mut lines = Vec::new();
    for one in starved {
        lines.extend(delay(one));
        lines.extend(awaits("what its task went on to", &one.meanwhile));
    }
    lines.push(format!(
        "poll both together (`join!`, `merge`), or spawn what must not starve (`reveille::guide::starved_leaf`); {:?} are",
        limits.starved_time
    ));
    lines.push(format!(
        "allowed, and {} polls for a `leaf(..)`: `#[reveille::test(starved_after = \"90s\", starved_polls = 5_000)]`, the",
        limits.starved_polls
    ));
    lines.push("methods of those names of `explore()`, or `leaf::may_starve` around the future say otherwise".into());
    let place = starved.first().and_then(|one| one.site.frames.first()).map(|frame| frame.site.to_string());
    let made = starved.first().map(|one| site::place(one.made.site).to_string());
    Finding { place: place.or(made), ..Finding::new(FindingKind::StarvedLeaf, lines) }
}

/// What starved in a run that failed for another reason.
pub(super) fn starved_before(starved: &Starvation) -> Vec<String> {
    let mut lines = vec!["before that, a future was starved (`reveille::guide::starved_leaf`):".into()];
    lines.extend(delay(starved));
    lines
}

/// Who was owed a poll, for how long, and where that future was.
fn delay(starved: &Starvation) -> Vec<String> {
    let Starvation { leaf, made, owner, site, woken, woken_at, passed_over, time, until, until_step, end, .. } =
        starved;
    let words = made.words(*leaf);
    let mut lines = vec![format!("{words} was woken at step {woken}, at {woken_at}, and not polled")];
    lines.push(match end {
        End::Polled => format!("for {time:?}, until step {until_step}, at {until}"),
        End::Dropped => format!("for {time:?}, until it was dropped at step {until_step}, at {until}"),
        End::Never => format!("for {time:?}, which is to the end of the run"),
    });
    lines.push(format!("meanwhile its task was polled {}: {owner}", times(*passed_over)));
    lines.extend(awaits("the future that was left behind", std::slice::from_ref(site)));
    lines
}

/// So many of something that is counted in times.
fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// Where somebody waits, after a line that says who; nothing where no place is known.
fn awaits(who: &str, sites: &[AwaitSite]) -> Vec<String> {
    let known = sites.iter().filter(|site| !site.frames.is_empty());
    // They are indented twice, as those of a stuck task are.
    let lines = known.flat_map(|site| await_sites(site).lines().map(|line| line[2..].to_owned()).collect::<Vec<_>>());
    let places: Vec<_> = lines.collect();
    let who = (!places.is_empty()).then(|| who.to_owned());
    who.into_iter().chain(places).collect()
}
