//! The linearizability oracle: against all orders of small histories, and on a replicated register that reads stale values.

#![cfg(not(loom))]

mod common;

use std::rc::Rc;
use std::time::Duration;

use common::config;
use futures::{AsyncReadExt, AsyncWriteExt};
use proptest::prelude::*;
use reveille::net::{TcpListener, TcpStream};
use reveille::time::sleep;
use reveille::{FindingKind, explore, node, spawn};
use reveille_properties::linear::{Call, History, Model, Moment, NotLinearizable, Register, RegisterOp, check};

type Calls = Vec<Call<RegisterOp, Option<u64>>>;

/// Whether some order of the calls explains them: every order is tried, and that is all there is to it.
fn some_order_explains(calls: &Calls, done: &mut Vec<usize>, state: u64) -> bool {
    if (0..calls.len()).all(|at| done.contains(&at) || calls[at].returned.is_none()) {
        return true;
    }
    (0..calls.len()).filter(|at| !done.contains(at)).collect::<Vec<_>>().into_iter().any(|at| {
        let earlier =
            |other: usize| calls[other].returned.as_ref().is_some_and(|(end, _)| end.nth < calls[at].begun.nth);
        if (0..calls.len()).any(|other| !done.contains(&other) && earlier(other)) {
            return false;
        }
        let (next, output) = Register.apply(&state, &calls[at].op);
        if calls[at].returned.as_ref().is_some_and(|returned| returned.1 != output) {
            return false;
        }
        done.push(at);
        let explains = some_order_explains(calls, done, next);
        done.pop();
        explains
    })
}

/// Histories of up to five calls to one register, with small values, so that many are good and many bad. Their times say nothing:
/// the order is in the numbers.
fn histories() -> impl Strategy<Value = Calls> {
    let call = (any::<bool>(), 0..3_u64, 0..20_u64, 0..20_u64, any::<bool>(), prop::option::of(0..3_u64));
    prop::collection::vec(call, 1..=5).prop_map(|calls| {
        let call = |(at, (reads, value, begun, length, returns, time)): (u64, (bool, u64, u64, u64, bool, _))| {
            // No two moments are one.
            let moment = |nth| Moment { nth, time: Option::map(time, Duration::from_millis) };
            Call {
                op: if reads { RegisterOp::Read("x") } else { RegisterOp::Write("x", value) },
                begun: moment(begun * 16 + at),
                returned: returns.then_some((moment((begun + length) * 16 + 8 + at), reads.then_some(value))),
            }
        };
        (0..).zip(calls).map(call).collect()
    })
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn the_search_says_what_trying_every_order_says(calls in histories()) {
        let explained = some_order_explains(&calls, &mut Vec::new(), 0);
        let checked = check(&Register, &calls);
        prop_assert_eq!(checked.is_ok(), explained);
        if let Err(bad) = checked {
            prop_assert!(!some_order_explains(&bad.calls, &mut Vec::new(), 0), "{}", bad);
            // The last to return is what does not fit; without it, and without any other, all is well or something else is wrong.
            let last = bad.calls.iter().filter_map(|call| Some(call.returned.as_ref()?.0.nth)).max();
            let others = |calls: &Calls| -> Calls {
                let ends = |call: &Call<_, _>| call.returned.as_ref().map(|returned: &(Moment, _)| returned.0.nth);
                calls.iter().filter(|call| ends(call) != last).cloned().collect()
            };
            prop_assert!(some_order_explains(&others(&bad.calls), &mut Vec::new(), 0), "{}", bad);
            for at in 0..bad.calls.len() {
                let mut fewer = bad.calls.clone();
                fewer.remove(at);
                let is_bad = !some_order_explains(&fewer, &mut Vec::new(), 0);
                prop_assert!(!is_bad || !some_order_explains(&others(&fewer), &mut Vec::new(), 0), "{}", bad);
            }
        }
    }
}

/// When the primary answers a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// When the backup has it.
    AfterTheBackup,
    /// At once: reads at the backup may then be stale.
    AtOnce,
}

/// One register on two machines: writes go to the primary, which passes them on to the backup; reads go to the backup. A
/// message is one byte: 0 reads, another writes.
fn serve(answers: Answers) {
    node("backup").start(|| async {
        let value = Rc::new(std::cell::Cell::new(0));
        let listener = TcpListener::bind("0.0.0.0:1").await.unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            let value = value.clone();
            drop(spawn(async move {
                let mut message = [0];
                while stream.read_exact(&mut message).await.is_ok() {
                    if message[0] > 0 {
                        value.set(message[0]);
                    }
                    stream.write_all(&[value.get()]).await.unwrap();
                }
            }));
        }
    });
    node("primary").start(move || async move {
        let listener = TcpListener::bind("0.0.0.0:1").await.unwrap();
        let mut backup = TcpStream::connect("backup:1").await.unwrap();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut message = [0];
            while client.read_exact(&mut message).await.is_ok() {
                if answers == Answers::AtOnce {
                    client.write_all(&message).await.unwrap();
                }
                backup.write_all(&message).await.unwrap();
                backup.read_exact(&mut [0]).await.unwrap();
                if answers == Answers::AfterTheBackup {
                    client.write_all(&message).await.unwrap();
                }
            }
        }
    });
}

async fn ask(stream: &mut TcpStream, message: u8) -> u64 {
    let mut answer = [0];
    stream.write_all(&[message]).await.unwrap();
    stream.read_exact(&mut answer).await.unwrap();
    answer[0].into()
}

async fn register(answers: Answers) -> Result<(), NotLinearizable<RegisterOp, Option<u64>>> {
    serve(answers);
    sleep(Duration::from_secs(1)).await;
    let history = Rc::new(History::default());
    let writer = spawn({
        let history = history.clone();
        async move {
            let mut stream = TcpStream::connect("primary:1").await.unwrap();
            for value in 1..=3 {
                let call = history.begin(RegisterOp::Write("x", value.into()));
                ask(&mut stream, value).await;
                history.end(call, None);
            }
        }
    });
    let mut stream = TcpStream::connect("backup:1").await.unwrap();
    for _ in 0..6 {
        let call = history.begin(RegisterOp::Read("x"));
        let value = ask(&mut stream, 0).await;
        history.end(call, Some(value));
    }
    writer.await.unwrap();
    check(&Register, &history.calls())
}

#[test]
fn a_register_that_answers_writes_too_early_reads_a_stale_value() {
    let failure = explore().run(|| register(Answers::AtOnce)).unwrap_err();
    println!("{failure}");
    assert_eq!(failure.kind(), Some(FindingKind::Error));
    let text = failure.to_string();
    assert!(text.contains("no order of these calls explains"), "{text}");
    // The write that returned and the read that did not see it; no more than one other call.
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("(\"x\"")).collect();
    assert!((2..=3).contains(&calls.len()), "{text}");
    // When they were made, which is after the first second.
    assert!(calls.iter().all(|call| call.matches(" at 1.").count() == 2), "{text}");
}

#[test]
fn one_that_waits_for_its_backup_does_not() {
    explore().runs(500).run(|| register(Answers::AfterTheBackup)).unwrap();
}

#[test]
fn calls_bear_the_times_at_which_the_schedule_shows_them() {
    let program = || async {
        let history = History::default();
        sleep(Duration::from_millis(7)).await;
        let write = history.begin(RegisterOp::Write("x", 1));
        sleep(Duration::from_millis(30)).await;
        history.end(write, None);
        sleep(Duration::from_millis(400)).await;
        let read = history.begin(RegisterOp::Read("x"));
        sleep(Duration::from_secs(2)).await;
        history.end(read, Some(0));
        check(&Register, &history.calls())
    };
    let text = explore().run(program).unwrap_err().to_string();
    let bad = [
        "  1 at 7ms   to 2 at 37ms    Write(\"x\", 1) returned None",
        "  3 at 437ms to 4 at 2.437s  Read(\"x\") returned Some(0)",
    ];
    for line in bad {
        assert!(text.contains(line), "{text}");
    }
    for time in ["7ms", "37ms", "437ms", "2.437s"] {
        assert!(text.contains(&format!("time is {time}")), "{text}");
    }
}

#[test]
fn outside_of_a_run_calls_have_an_order_and_no_time() {
    let history = History::default();
    let write = history.begin(RegisterOp::Write("x", 1));
    history.end(write, None);
    history.begin(RegisterOp::Write("x", 2));
    let read = history.begin(RegisterOp::Read("x"));
    history.end(read, Some(0));
    let text = check(&Register, &history.calls()).unwrap_err().to_string();
    assert_eq!(
        text,
        "no order of these calls explains what they returned:\n    \
         1 to 2  Write(\"x\", 1) returned None\n    \
         4 to 5  Read(\"x\") returned Some(0)"
    );
}

#[test]
fn what_happens_at_one_time_has_an_order() {
    let program = || async {
        let history = History::default();
        let write = history.begin(RegisterOp::Write("x", 1));
        history.end(write, None);
        let read = history.begin(RegisterOp::Read("x"));
        history.end(read, Some(0));
        let stale = history.calls();
        assert!(stale.iter().all(|call| call.begun.time == Some(Duration::ZERO)));
        assert!(check(&Register, &stale).is_err(), "the read began after the write, at the same time");

        let history = History::default();
        let read = history.begin(RegisterOp::Read("x"));
        let write = history.begin(RegisterOp::Write("x", 1));
        history.end(write, None);
        history.end(read, Some(0));
        check(&Register, &history.calls()).expect("the read had begun before the write returned");
    };
    explore().runs(1).run(program).unwrap();
}

#[test]
fn the_clock_of_a_machine_changes_neither_order_nor_time() {
    let program = || async {
        let slow = node("slow");
        slow.set_clock_drift(-500_000);
        let history = Rc::new(History::<_, Option<u64>>::default());
        let noted = history.clone();
        slow.spawn(async move {
            let read = noted.begin(RegisterOp::Read("x"));
            sleep(Duration::from_millis(5)).await;
            noted.end(read, Some(0));
        })
        .await
        .unwrap();
        let end = history.calls().remove(0).returned.unwrap().0;
        // A clock at half the rate takes twice as long to show five milliseconds.
        assert_eq!(end, Moment { nth: 2, time: Some(Duration::from_millis(10)) });
    };
    explore().runs(1).run(program).unwrap();
}
