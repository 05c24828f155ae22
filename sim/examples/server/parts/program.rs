//! What is explored: the server, three who come to it, and the moment at which it is told to stop.

use std::rc::Rc;

use reveille::time::{Duration, sleep};
use reveille::{Failure, JoinSet, Passed, choose, explore, node, sometimes};

use super::accept::{self, Tally};
use super::people::{customer, deserter, loiterer, mumbler, sleeper, stranger, typist};
use super::trouble::Trouble;

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    /// A frame that is half read is lost when a heartbeat, or anything else, comes first.
    TornFrame,
    /// Whoever has not yet shaken hands does not hear that it is time to stop.
    MissedSignal,
    /// What ends one connection ends the server.
    OneForAll,
}

/// Whoever stops the server waits so long before it kills it: a greeting, a request and the last frames fit in.
const GRACE: Duration = Duration::from_secs(15);

/// Explores the server with this mistake, under heavy faults.
pub(crate) fn explored(mistake: Mistake) -> Result<Passed, Failure> {
    explore().name(format!("server, {mistake:?}")).faults("heavy").run(move || program(mistake))
}

/// One run of it.
pub(crate) async fn program(mistake: Mistake) -> Result<(), Trouble> {
    let (machine, tally) = (node("server"), Rc::new(Tally::default()));
    let server = machine.spawn(accept::run(tally.clone(), mistake));
    sleep(Duration::from_millis(1)).await;
    let mut people = JoinSet::new();
    for _ in 0..3 {
        people.spawn(somebody());
    }
    const STOPS_AFTER_MS: [u64; 8] = [0, 2, 5, 20, 50, 500, 3_000, 40_000];
    sleep(Duration::from_millis(STOPS_AFTER_MS[choose(8) as usize])).await;
    machine.stop(GRACE).await.unwrap_or_else(|killed| panic!("{killed}"));
    server.await.expect("it has ended by itself")?;
    while let Some(person) = people.join_next().await {
        person.expect("nobody complains");
    }
    note(&tally);
    Ok(())
}

/// One of those who come to the server. What is lost on the way is lost; what they assert is for the report.
async fn somebody() {
    match choose(8) {
        0 | 1 => customer().await,
        2 => drop(typist().await),
        3 => drop(mumbler().await),
        4 => drop(stranger().await),
        5 => drop(loiterer().await),
        6 => drop(sleeper().await),
        _ => drop(deserter().await),
    }
}

/// All of it has to happen in some run; otherwise this test tests less than it says.
fn note(tally: &Tally) {
    sometimes!(tally.bad_requests.is_some(), "a bad request");
    sometimes!(tally.overloads.is_some(), "an overload");
    sometimes!(tally.protocol.is_some(), "a broken protocol");
    sometimes!(tally.gone.is_some(), "a connection that is lost");
    sometimes!(tally.silent.is_some(), "the other side goes silent");
    sometimes!(tally.too_late.is_some(), "the time-out of a request");
    sometimes!(tally.idle.is_some(), "the time-out of a connection that asks nothing");
    sometimes!(tally.stopped_at_work.is_some(), "the server is stopped during a request");
}
