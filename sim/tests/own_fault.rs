//! What panics beside the program is no finding, and is not silent: it is printed, and says whose fault it is.

#![cfg(not(loom))]

mod common;

use std::panic::catch_unwind;
use std::thread;

use common::in_a_process;
use reveille::time::{Duration, sleep};
use reveille::{Choose, Event, Explore, Isolation, Kind, Oracle, Point, choose, explore, spawn, yield_now};

/// Panics when asked a question of this kind.
struct Fails(Kind);

impl Choose for Fails {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        assert_ne!(point.kind, self.0, "nobody knows");
        0
    }
}

/// Asks once more while its task is dropped.
struct AsksOnDrop;

impl Drop for AsksOnDrop {
    fn drop(&mut self) {
        choose(3);
        drop(spawn(yield_now()));
    }
}

async fn two_tasks() {
    let other = spawn(async {
        let _asks = AsksOnDrop;
        yield_now().await;
        choose(2);
    });
    yield_now().await;
    // Whoever takes a panic for the program's own lives with it.
    drop(other.await);
}

fn explored(by: impl Fn(u64) -> Fails + Send + Sync + 'static, more: impl Fn(Explore) -> Explore) {
    println!("{:?}", more(explore().name("two tasks").runs(4).answered_by(by)).run(two_tasks));
}

#[test]
#[ignore = "panics, and is run by others"]
fn panics_at_a_pick() {
    explored(|_| Fails(Kind::SCHEDULE), |explore| explore);
}

#[test]
#[ignore = "panics, and is run by others"]
fn panics_within_a_task() {
    explored(|_| Fails(Kind::new(b'c')), |explore| explore);
}

#[test]
#[ignore = "panics, and is run by others"]
fn panics_when_it_is_made() {
    explored(|seed| panic!("there is no {seed}"), |explore| explore.isolation(Isolation::Thread));
}

#[test]
fn a_panic_in_what_answers_is_printed_and_fails_the_test() {
    let cases = [
        ("panics_at_a_pick", "nobody knows"),
        ("panics_within_a_task", "nobody knows"),
        ("panics_when_it_is_made", "there is no 0"),
    ];
    for (test, message) in cases {
        let output = in_a_process(test, &[]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{test}");
        assert_eq!(text.matches("reveille: a panic that is not the program's: ").count(), 1, "{test}: {text}");
        assert!(text.contains(message) && text.contains("tests/own_fault.rs:"), "{test}: {text}");
        assert!(text.contains("this is a bug of reveille"), "{test}: {text}");
        let made = text.contains("a `Choose` of your own (`answered_by`)");
        assert!(made, "{test}: {text}");
    }
}

/// What one of several threads panics with is what the campaign panics with, and not that a thread did.
#[test]
fn a_panic_beside_the_program_is_handed_over_from_another_thread() {
    struct Silent;
    impl Oracle for Silent {
        fn event(&mut self, _: &Event) -> Result<(), String> {
            Ok(())
        }
    }
    let here = thread::current().id();
    // Made on one thread only, so that the campaign has to have others.
    let makes = move || {
        assert_eq!(thread::current().id(), here, "nobody looks on elsewhere");
        Silent
    };
    let campaign = |jobs| catch_unwind(|| explore().runs(4).jobs(jobs).oracle(makes).run(two_tasks).is_ok());
    assert!(campaign(1).unwrap());
    let payload = campaign(2).unwrap_err();
    let text = payload.downcast::<String>().expect("the text that tells what it was");
    assert!(
        text.contains("a panic that is not the program's: ") && text.contains("nobody looks on elsewhere"),
        "{text}"
    );
}

#[test]
fn a_panic_that_the_answers_catch_by_themselves_is_nobodys_business() {
    struct Catches;
    impl Choose for Catches {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            catch_unwind(|| panic!("caught")).map_or(0, |()| 1).min(point.bound - 1)
        }
    }
    explore().runs(4).answered_by(|_| Catches).run(two_tasks).unwrap();
}

#[test]
fn a_tape_that_parts_from_the_program_at_the_cost_of_a_poll_is_refused_in_words() {
    let program = |asks: bool| {
        move || async move {
            let sleeper = spawn(sleep(Duration::from_secs(1)));
            yield_now().await;
            if asks {
                choose(5);
            }
            sleeper.await.unwrap();
            panic!("no more");
        }
    };
    let explore = || explore().name("costly").strategy("random").poll_cost(true).shrink(false);
    let failure = explore().seed(5).run(program(true)).unwrap_err();
    let tape = failure.tape().unwrap().to_string();
    let refused = explore().replay(tape).run(program(false)).unwrap_err();
    assert!(refused.to_string().contains("the tape no longer fits `costly`"), "{refused}");
}
