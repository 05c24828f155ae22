//! The checkers, each given a history in its own words.

use reveille_properties::linear::{Call, Register, RegisterOp, check};
use stateright::semantics::register::{Register as Theirs, RegisterOp as TheirOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use crate::histories::Calls;

/// Ours. It does more than the others where a history is bad: it looks for a small part of it that is.
pub fn ours(history: &Calls) -> bool {
    let calls: Vec<_> = history.iter().map(|(_, call)| call.clone()).collect();
    check(&Register, &calls).is_ok()
}

/// What happens in a history, moment by moment: the client, its call, and whether it returns.
type Moments<'a> = Vec<(usize, &'a Call<RegisterOp, Option<u64>>, bool)>;

/// The moments of the calls to each key.
fn by_key(history: &Calls) -> Vec<Moments<'_>> {
    let name = |call: &Call<RegisterOp, Option<u64>>| match call.op {
        RegisterOp::Read(name) | RegisterOp::Write(name, _) => name,
    };
    let mut names: Vec<_> = history.iter().map(|(_, call)| name(call)).collect();
    names.sort_unstable();
    names.dedup();
    let moments = |of: &&str| {
        let mut moments: Vec<(u64, (usize, &Call<_, _>, bool))> = Vec::new();
        for (client, call) in history.iter().filter(|(_, call)| name(call) == *of) {
            moments.push((call.begun.nth, (*client, call, false)));
            moments.extend(call.returned.iter().map(|(end, _)| (end.nth, (*client, call, true))));
        }
        moments.sort_unstable_by_key(|(at, _)| *at);
        moments.into_iter().map(|(_, moment)| moment).collect()
    };
    names.iter().map(moments).collect()
}

/// stateright's.
pub fn stateright(history: &Calls) -> bool {
    by_key(history).into_iter().all(|moments| {
        let mut tester = LinearizabilityTester::new(Theirs(0_u64));
        for (client, call, returns) in moments {
            let noted = match (&call.op, &call.returned) {
                (RegisterOp::Read(_), _) if !returns => tester.on_invoke(client, TheirOp::Read),
                (RegisterOp::Write(_, value), _) if !returns => tester.on_invoke(client, TheirOp::Write(*value)),
                (_, Some((_, Some(value)))) => tester.on_return(client, RegisterRet::ReadOk(*value)),
                _ => tester.on_return(client, RegisterRet::WriteOk),
            };
            noted.expect("a client makes one call at a time");
        }
        tester.is_consistent()
    })
}

/// A register, in the words of `todc-utils`.
struct Spec;

impl Specification for Spec {
    type State = u64;
    /// What is written; or what is read, once that is known.
    type Operation = (Option<u64>, Option<u64>);

    fn init() -> u64 {
        0
    }

    fn apply(operation: &Self::Operation, state: &u64) -> (bool, u64) {
        match operation {
            (Some(written), _) => (true, *written),
            (None, read) => (*read == Some(*state), *state),
        }
    }
}

/// That of `todc-utils`.
pub fn todc(history: &Calls) -> bool {
    by_key(history).into_iter().all(|moments| {
        let actions = moments.into_iter().map(|(client, call, returns)| {
            let written = if let RegisterOp::Write(_, value) = call.op { Some(value) } else { None };
            let read = call.returned.as_ref().and_then(|returned| returned.1);
            (client, if returns { Action::Response((written, read)) } else { Action::Call((written, None)) })
        });
        WGLChecker::<Spec>::is_linearizable(History::from_actions(actions.collect()))
    })
}
