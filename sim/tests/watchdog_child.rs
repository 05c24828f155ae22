//! What is said of a poll that never returns is found out in another process: what the hung thread holds is free there. Each program
//! that hangs is a process of its own: this test's, started once more.

#![cfg(not(loom))]

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Marks, in_a_process, mark};
use reveille::time::{Duration, sleep};
use reveille::{Explore, Isolation, explore, spawn, task, yield_now};

/// What the watchdog said.
fn report(output: &Output) -> String {
    assert!(!output.status.success(), "a test that hangs has passed");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text[text.find("reveille: endless poll").unwrap_or_else(|| panic!("no report: {text}"))..].to_owned()
}

/// The place of the line in this file that ends with `mark`.
fn place(mark: &str) -> String {
    let mark = format!("// {mark}");
    let line = include_str!("watchdog_child.rs").lines().position(|line| line.ends_with(&mark)).unwrap() + 1;
    format!("sim/tests/watchdog_child.rs:{line}:")
}

/// Whether this process was started to find out about a poll.
fn is_child() -> bool {
    std::env::var_os("REVEILLE_CHILD").is_some()
}

#[track_caller]
fn watched(name: &str) -> Explore {
    explore().name(name).watchdog(Duration::from_secs(1))
}

/// Needed at the beginning of each run, and held by the task that hangs.
static DESK: Mutex<u32> = Mutex::new(0);

async fn hangs_at_its_desk() {
    mark();
    drop(DESK.lock().unwrap());
    let worker = task::Builder::new().name("worker").spawn(async {
        sleep(Duration::from_secs(1)).await; // waits here
        let _desk = DESK.lock().unwrap();
        loop {
            std::hint::spin_loop();
        }
    });
    worker.await.unwrap();
}

#[track_caller]
fn assert_tells_of_the_desk(report: &str) {
    assert!(report.contains("the poll of task 1 at step 3 has not returned after 1s"), "{report}");
    assert!(report.contains("task 1 `worker` (spawned at sim/tests/watchdog_child.rs:"), "{report}");
    assert!(report.contains("this was its poll number 2; before that it was at"), "{report}");
    assert!(report.contains(&place("waits here")), "{report}");
}

#[test]
#[ignore = "hangs: started by the tests below"]
fn holds_a_static_lock() {
    let _ = watched("desk").run(hangs_at_its_desk);
}

#[test]
fn a_static_lock_that_the_hung_poll_holds_hides_nothing() {
    assert_tells_of_the_desk(&report(&in_a_process("holds_a_static_lock", &[])));
}

#[reveille::test(watchdog = "1s")]
#[ignore = "hangs: started by the test below"]
async fn holds_a_static_lock_in_an_attribute() {
    hangs_at_its_desk().await;
}

#[test]
fn a_test_with_the_attribute_is_started_again_by_its_name() {
    let report = report(&in_a_process("holds_a_static_lock_in_an_attribute", &[]));
    assert!(report.contains("in `watchdog_child::holds_a_static_lock_in_an_attribute`"), "{report}");
    assert_tells_of_the_desk(&report);
}

#[test]
#[should_panic(expected = "never comes")]
#[ignore = "hangs: started by the test below"]
fn holds_a_static_lock_and_should_panic() {
    let _ = watched("desk").run(hangs_at_its_desk);
}

#[test]
fn a_test_that_is_to_panic_hangs_as_others_do() {
    assert_tells_of_the_desk(&report(&in_a_process("holds_a_static_lock_and_should_panic", &[])));
}

#[test]
#[ignore = "hangs: started by the test below"]
fn holds_a_static_lock_in_a_process_of_its_own() {
    watched("desk").isolation(Isolation::Process).run(hangs_at_its_desk).unwrap();
}

#[test]
fn runs_in_processes_of_their_own_have_the_details_in_the_finding() {
    let output = in_a_process("holds_a_static_lock_in_a_process_of_its_own", &[]);
    assert_eq!(output.status.code(), Some(101));
    // By way of the finding, which `unwrap` prints escaped.
    assert_tells_of_the_desk(&report(&output).replace("\\n", "\n"));
}

/// A lock without a guard: nobody opens it when the world is dropped.
#[test]
#[ignore = "hangs: started by the test below"]
fn leaves_a_latch_closed() {
    static LATCH: AtomicBool = AtomicBool::new(false);
    let _ = watched("latch").run(|| async {
        for turn in 0..2 {
            while LATCH.swap(true, Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            if turn == 0 {
                sleep(Duration::from_secs(1)).await; // keeps it closed
            }
        }
    });
}

#[test]
fn what_an_earlier_poll_left_in_a_static_hides_nothing() {
    let report = report(&in_a_process("leaves_a_latch_closed", &[]));
    assert!(report.contains("the poll of task 0 at step 2 has not returned"), "{report}");
    assert!(report.contains("this was its poll number 2") && report.contains(&place("keeps it closed")), "{report}");
}

#[test]
fn nothing_is_left_behind_and_nothing_is_printed_twice() {
    let marks = Marks::new("left");
    let variables = [marks.variable(), ("TMPDIR", marks.folder.to_str().unwrap())];
    let output = in_a_process("holds_a_static_lock", &variables);
    assert_tells_of_the_desk(&report(&output));
    let processes = marks.processes();
    assert_eq!(processes.len(), 2, "the test and its child");
    #[cfg(target_os = "linux")]
    assert!(processes.iter().all(|id| !Path::new(&format!("/proc/{id}")).exists()), "{processes:?}");
    let left: Vec<_> = std::fs::read_dir(&marks.folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&marks.file));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.matches("running 1 test").count(), 1, "{printed}");
    assert_eq!(printed.matches("reveille: endless poll").count(), 1, "{printed}");
}

/// The parent cannot end its child any more.
#[test]
#[cfg(target_os = "linux")]
fn a_child_whose_parent_is_killed_ends_by_itself() {
    let marks = Marks::new("orphan");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["holds_a_static_lock", "--exact", "--nocapture", "--ignored"])
        .env("MARKS", &marks.file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let id = parent.id();
    let child = loop {
        assert!(parent.try_wait().unwrap().is_none(), "it has ended without a child");
        if let Some(child) = marks.processes().into_iter().find(|other| *other != id) {
            break child;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    parent.kill().unwrap();
    parent.wait().unwrap();
    // Whoever adopts it may be slow to bury it. It hangs for ever if it does not notice.
    let state = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    let has_ended = |_| {
        std::thread::sleep(Duration::from_millis(10));
        state().is_empty() || state().contains(") Z ")
    };
    assert!((0..6_000).any(has_ended), "process {child} goes on without its parent");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_elsewhere_when_it_is_started_again() {
    let _ = watched("first").run(|| async {
        mark();
        if is_child() {
            std::thread::sleep(Duration::from_secs(600));
        }
    });
    let _ = watched("second").run(|| async {
        yield_now().await; // was here
        std::thread::sleep(Duration::from_secs(600));
    });
}

#[test]
fn a_child_starts_no_child_and_who_hears_nothing_looks_for_itself() {
    let marks = Marks::new("grandchild");
    let report = report(&in_a_process("hangs_elsewhere_when_it_is_started_again", &[marks.variable()]));
    assert_eq!(marks.processes().len(), 2, "the test and its child");
    assert!(report.starts_with("reveille: endless poll in `second`"), "{report}");
    assert!(report.contains(&place("was here")), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn does_something_else_when_it_is_started_again() {
    let _ = watched("other").run(|| async {
        if is_child() {
            yield_now().await; // only in the child
        } else {
            drop(spawn(async {}));
            yield_now().await; // only at first
        }
        std::thread::sleep(Duration::from_secs(600));
    });
}

#[test]
fn what_another_run_would_say_is_not_said() {
    let report = report(&in_a_process("does_something_else_when_it_is_started_again", &[]));
    assert!(report.contains("the poll of task 0 at step 3"), "{report}");
    // The child has nothing to say: there the second poll of task 0 is at step 2. So the first process looks.
    assert!(report.contains(&place("only at first")) && !report.contains(&place("only in the child")), "{report}");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_in_the_third_turn() {
    for turn in 0..4 {
        let _ = watched("turns").run(move || async move {
            match turn {
                0 => yield_now().await,
                1 => yield_now().await,
                _ => yield_now().await, // the third turn
            }
            if turn == 2 {
                std::thread::sleep(Duration::from_secs(600));
            }
        });
    }
}

#[test]
fn of_explorations_at_one_place_the_right_one_is_looked_into() {
    let report = report(&in_a_process("hangs_in_the_third_turn", &[]));
    assert!(report.contains(&place("the third turn")), "{report}");
}

/// Hangs in a poll within which another task was polled, and ended: the latter is not the one to look into.
#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_after_a_poll_within_its_own() {
    let _ = watched("nested").freedoms("within-spawn").run(|| async {
        yield_now().await;
        yield_now().await; // before it spawns
        let ran = std::rc::Rc::new(std::cell::Cell::new(false));
        let runs = ran.clone();
        let task = spawn(async move { runs.set(true) });
        if ran.get() {
            std::thread::sleep(Duration::from_secs(600));
        }
        task.await.unwrap();
    });
}

#[test]
fn a_poll_within_which_another_was_made_is_the_one_to_look_into() {
    let report = report(&in_a_process("hangs_after_a_poll_within_its_own", &[]));
    assert!(report.contains("the poll of task 0 at step 3 has not returned"), "{report}");
    assert!(
        report.contains("poll number 3; before that it was at") && report.contains(&place("before it spawns")),
        "{report}"
    );
}

#[test]
#[ignore = "hangs: started by the test below"]
fn spins_in_one_schedule() {
    let _ = watched("spins").runs(100_000).run(|| async {
        static TURN: Mutex<()> = Mutex::new(());
        drop(TURN.lock().unwrap());
        let others: Vec<_> = (0..3).map(|_| spawn(yield_now())).collect();
        let late = std::rc::Rc::new(std::cell::Cell::new(false));
        let is_late = late.clone();
        let worker = task::Builder::new().name("worker").spawn(async move {
            sleep(Duration::from_secs(1)).await; // waits for its schedule
            let _turn = TURN.lock().unwrap();
            while is_late.get() {
                std::hint::spin_loop();
            }
        });
        for other in others {
            other.await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        late.set(true);
        worker.await.unwrap();
    });
}

#[test]
fn the_child_repeats_the_run_that_the_environment_asked_for() {
    for variables in [
        &[("REVEILLE_STRATEGY", "surw"), ("REVEILLE_JOBS", "2")][..],
        &[("REVEILLE_STRATEGY", "pct:3"), ("REVEILLE_SEED", "70"), ("REVEILLE_SHARD", "2/2")],
        &[("REVEILLE_FREEDOMS", "spurious, held-back"), ("REVEILLE_SEED", "9")],
    ] {
        let report = report(&in_a_process("spins_in_one_schedule", variables));
        assert!(report.contains(" `worker` (spawned at ") && report.contains("before that it was at"), "{report}");
        assert!(report.contains(&place("waits for its schedule")), "{variables:?}: {report}");
    }
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_on_a_thread_without_a_name() {
    let hangs = || {
        let _ = watched("nameless").run(|| async {
            mark();
            yield_now().await; // without a name
            std::thread::sleep(Duration::from_secs(600));
        });
    };
    std::thread::Builder::new().spawn(hangs).unwrap().join().unwrap();
}

/// Of a test that is not known by name, and of a program that is not there any more.
#[test]
fn where_no_child_can_be_started_this_process_has_to_do() {
    let marks = Marks::new("nameless");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["hangs_on_a_thread_without", "--nocapture", "--ignored"])
        .env("MARKS", &marks.file)
        .output()
        .unwrap();
    let report = report(&output);
    assert!(report.contains(&place("without a name")), "{report}");
    assert_eq!(marks.processes().len(), 1, "the test alone");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn removes_its_own_program() {
    std::fs::remove_file(std::env::current_exe().unwrap()).unwrap();
    let _ = watched("removed").run(|| async {
        mark();
        yield_now().await;
        std::thread::sleep(Duration::from_secs(600));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_is_gone_is_not_started_again() {
    let marks = Marks::new("removed");
    let folder = marks.folder.join("deps");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(&program)
        .args(["removes_its_own_program", "--exact", "--nocapture", "--ignored"])
        .env("MARKS", &marks.file)
        .output()
        .unwrap();
    let report = report(&output);
    // Without the program there are no lines.
    assert!(report.contains("task 0 (the root, started at ") && report.contains("its poll number 2"), "{report}");
    assert_eq!(marks.processes().len(), 1, "the test alone");
}

#[test]
#[ignore = "hangs: started by the test below"]
fn hangs_in_a_program_of_another_sort() {
    let _ = watched("other").run(|| async {
        mark();
        yield_now().await; // in a program
        std::thread::sleep(Duration::from_secs(600));
    });
}

/// As far as can be told from where it lies: it may do what is not to be done twice.
#[test]
fn a_program_that_is_no_build_of_tests_is_not_started_again() {
    let marks = Marks::new("program");
    let program = marks.folder.join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(&program)
        .args(["hangs_in_a_program_of_another_sort", "--exact", "--nocapture", "--ignored"])
        .env("MARKS", &marks.file)
        .output()
        .unwrap();
    let report = report(&output);
    assert!(report.contains(&place("in a program")), "{report}");
    assert_eq!(marks.processes().len(), 1, "the test alone");
}
