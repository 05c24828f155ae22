//! The model of the language allows what schedules bring about, and nothing else: for programs so small that all schedules can
//! be tried and all outcomes be written down, the two sets are the same.

#![cfg(not(loom))]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reveille::explore;
use reveille_properties::program::{Ended, Interpreter, Mark, Note, Outcome, Program, Step, Then, model};

/// The outcomes of all schedules of `program`.
fn reached(program: &Program) -> BTreeSet<Outcome> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let run = || {
        let (program, outcomes) = (program.clone(), outcomes.clone());
        async move {
            let outcome = Interpreter::default().perform(program).await;
            outcomes.lock().unwrap().insert(outcome);
        }
    };
    let passed = explore().strategy("exhaustive").runs(200_000).run(run).unwrap();
    assert!(passed.complete, "too many schedules");
    outcomes.lock().unwrap().clone()
}

/// What may be said of a step, whatever it stands in.
fn marks(step: &Step) -> Vec<Mark> {
    let notes = match step {
        Step::Spawn(Then::Detach, _) => vec![Note::Plain],
        Step::Spawn(..) => [Ended::Completed, Ended::Panicked, Ended::Cancelled].map(Note::Joined).to_vec(),
        Step::Select { .. } => vec![Note::First(0), Note::First(1)],
        Step::Timeout(..) => vec![Note::Elapsed(false), Note::Elapsed(true)],
        Step::Scope { bodies, .. } => {
            let places: Vec<_> = (0..u8::try_from(bodies.len()).unwrap()).map(|place| (0, place)).collect();
            let orders = (0..1 << places.len()).flat_map(|set: usize| {
                let chosen = places.iter().enumerate().filter(move |(at, _)| set & (1 << at) > 0);
                permutations(&chosen.map(|(_, place)| *place).collect::<Vec<_>>())
            });
            let order = |order: Vec<(usize, u8)>| order.into_iter().map(|(_, place)| place).collect::<Vec<_>>();
            let peaks = |order: Vec<u8>| (0..=bodies.len()).map(move |peak| Note::Order(order.clone(), peak));
            orders.map(order).flat_map(peaks).collect()
        }
        _ => vec![Note::Plain],
    };
    [Mark::Unreached, Mark::Begun].into_iter().chain(notes.into_iter().map(Mark::Done)).collect()
}

/// The steps of `tasks`, in the order of their numbers.
fn steps(tasks: &[&Vec<Step>]) -> Vec<Step> {
    let all = tasks.iter().flat_map(|body| body.iter());
    all.flat_map(|step| [vec![step.clone()], steps(&step.bodies())].concat()).collect()
}

/// Every way to choose one of each.
fn product<T: Clone>(menus: &[Vec<T>]) -> Vec<Vec<T>> {
    menus.iter().fold(vec![Vec::new()], |chosen, menu| {
        let with = |chosen: &Vec<T>| {
            menu.iter().map(|item| [&chosen[..], std::slice::from_ref(item)].concat()).collect::<Vec<_>>()
        };
        chosen.iter().flat_map(with).collect()
    })
}

fn permutations(items: &[(usize, u8)]) -> Vec<Vec<(usize, u8)>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let rest = [&items[..at], &items[at + 1..]].concat();
        permutations(&rest).into_iter().map(move |rest| [&[items[at]], &rest[..]].concat())
    };
    (0..items.len()).flat_map(first).collect()
}

/// Everything that could be written down of `program` and that the model allows.
fn allowed(program: &Program) -> BTreeSet<Outcome> {
    let all = steps(&program.tasks.iter().collect::<Vec<_>>());
    let menus: Vec<_> = all.iter().map(marks).collect();
    let tasks = vec![vec![Ended::Completed, Ended::Panicked, Ended::Cancelled]; program.tasks.len()];
    let mut outcomes = BTreeSet::new();
    for (marks, tasks) in product(&menus).iter().flat_map(|marks| product(&tasks).into_iter().map(move |t| (marks, t)))
    {
        let mut outcome = Outcome { marks: marks.clone(), tasks, ..Outcome::default() };
        let mut sent = Vec::new();
        for (number, step) in all.iter().enumerate().filter(|(number, _)| matches!(marks[*number], Mark::Done(_))) {
            match step {
                Step::Increment(counter) => outcome.counters[usize::from(*counter)] += 1,
                Step::Send(value) => sent.push((number, *value)),
                _ => {}
            }
        }
        for sent in permutations(&sent) {
            let outcome = Outcome { sent, ..outcome.clone() };
            if model::check(program, &outcome).is_ok() {
                outcomes.insert(outcome);
            }
        }
    }
    outcomes
}

#[test]
fn the_model_allows_exactly_what_schedules_bring_about() {
    use Step::{Increment, Panic, Scope, Select, Send, Spawn, Yield};
    let programs = [
        (1, vec![vec![Increment(0)], vec![Increment(0)]]),
        (2, vec![vec![Send(1)], vec![Send(2)]]),
        (3, vec![vec![Send(1), Yield, Send(2)], vec![Send(3)]]),
        (1, vec![vec![Spawn(Then::Join, vec![Panic, Yield])]]),
        (1, vec![vec![Spawn(Then::Detach, vec![Yield]), Panic, Yield]]),
        (4, vec![vec![Spawn(Then::Abort(2), vec![Yield, Yield])]]),
        (
            2,
            vec![vec![Select { left: vec![Increment(0)], right: vec![Increment(1)], keep: false }], vec![Increment(0)]],
        ),
        // A task that is cancelled by its scope: before its first poll, within each of its steps, and not at all.
        (4, vec![vec![Scope { borrowing: 0, cancels: Some(1), bodies: vec![vec![Yield, Yield]] }]]),
        // The same when it is the panic of a sibling that cancels it.
        (4, vec![vec![Scope { borrowing: 1, cancels: None, bodies: vec![vec![Yield, Panic], vec![Yield, Yield]] }]]),
    ];
    for (count, tasks) in programs {
        let program = Program { tasks };
        let (reached, allowed) = (reached(&program), allowed(&program));
        assert_eq!(reached, allowed, "{program:?}");
        assert_eq!(reached.len(), count, "{program:?}");
    }
}
