//! How an audit is told what to do: by its builder, and by the environment, which is set for a process of its own.

#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::rc::Rc;

use common::{in_a_process, printed};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille::cancel::{Audit, audit};
use reveille::net::{TcpListener, TcpStream};
use reveille::task::Builder;
use reveille::time::{Duration, sleep, timeout};
use reveille::yield_now;
use tokio::sync::Semaphore;

/// Counts itself in, awaits, and counts itself out.
async fn counted(inside: Rc<Cell<u32>>) -> u32 {
    inside.set(inside.get() + 1);
    yield_now().await;
    inside.set(inside.get() - 1);
    inside.get()
}

async fn counted_too(inside: Rc<Cell<u32>>) -> u32 {
    counted(inside).await
}

fn broken() -> Audit<Rc<Cell<u32>>, u32> {
    audit(counted).world(Rc::<Cell<u32>>::default)
}

#[test]
fn the_report_is_the_same_on_any_number_of_threads() {
    let rarely = || {
        // The reference has to be made larger before anybody is accused, by whoever comes first.
        audit(|inside: Rc<Cell<u32>>| async move { (counted(inside).await, reveille::choose(40) == 0) })
            .world(Rc::<Cell<u32>>::default)
            .bystander("another", counted)
            .name("rarely")
    };
    let [one, four] = [1, 4].map(|jobs| rarely().jobs(jobs).run().unwrap());
    assert!(!one.is_clean());
    assert_eq!(one.to_string(), four.to_string());
    assert_eq!(one.failure().unwrap().tape(), four.failure().unwrap().tape());
}

#[test]
#[ignore = "is run by others, with a variable set"]
fn three_audits() {
    let first = broken().name("first").run().unwrap();
    let second = broken().name("second").run().unwrap();
    let third = audit(counted_too).world(Rc::<Cell<u32>>::default).run().unwrap();
    for report in [first, second, third] {
        let tape = report.failure().unwrap().tape().unwrap();
        println!("schedules: {:?}\ntape: {tape}\n{report}", report.schedules());
    }
}

#[test]
fn a_tape_in_the_environment_is_repeated_by_the_audit_that_it_belongs_to() {
    let tape = broken().name("second").run().unwrap().failure().unwrap().tape().unwrap().to_string();
    let text = printed("three_audits", &[("REVEILLE_REPLAY", &tape)]);
    assert_eq!(text.matches("schedules: None").count(), 1, "{text}");
    assert_eq!(text.matches("schedules: Some(16)").count(), 2, "{text}");
    let of = |name| text.split("reveille: audit of").find(|part| part.starts_with(name)).unwrap();
    assert!(of(" `second`").contains("one run, repeated"), "{text}");
    assert!(of(" `first`").contains("performed in full: the tape in REVEILLE_REPLAY is of another test"), "{text}");
}

#[test]
fn audits_without_names_are_told_apart_by_their_operations() {
    let tape_of = |report: reveille::cancel::Report| report.failure().unwrap().tape().unwrap().to_string();
    let tape = tape_of(broken().run().unwrap());
    let other = audit(counted_too).world(Rc::<Cell<u32>>::default);
    let refused = other.replay(&tape).run().unwrap_err();
    assert!(refused.to_string().contains("was recorded by another test"), "{refused}");
    assert!(!broken().replay(tape).run().unwrap().is_clean());
}

#[test]
fn a_number_of_runs_and_a_seed_of_the_environment_are_heeded() {
    let text = printed("three_audits", &[("REVEILLE_RUNS", "3")]);
    assert_eq!(text.matches("schedules: Some(3)").count(), 3, "{text}");
    let text = printed("three_audits", &[("REVEILLE_JOBS", "2")]);
    assert_eq!(text.matches("schedules: Some(16)").count(), 3, "{text}");
}

#[test]
#[ignore = "is run by another, with a variable set"]
fn short_rounds() {
    let report = || audit(|()| yield_now()).runs(2).run().unwrap();
    // The first to name a line reads the line tables of the whole program, which may take all of its time.
    report();
    println!("schedules: {:?}", report().schedules());
}

#[test]
fn an_audit_that_is_bounded_in_time_goes_on_in_rounds() {
    let text = printed("short_rounds", &[("REVEILLE_SECONDS", "1")]);
    let line = text.lines().find_map(|line| line.split_once("schedules: Some(")).unwrap().1;
    let schedules: u64 = line.trim_end_matches(')').parse().unwrap();
    assert!(schedules > 2 && schedules.is_multiple_of(2), "{schedules} schedules");
}

#[test]
#[ignore = "hangs, and is run by another"]
fn spins_after_a_cut() {
    let spins = |begun: Rc<Cell<bool>>| async move {
        while begun.replace(true) {
            std::hint::spin_loop();
        }
        yield_now().await;
        begun.set(false);
    };
    let _ = audit(spins).name("spins").world(Rc::<Cell<bool>>::default).run();
}

#[test]
fn a_poll_that_does_not_return_after_a_cut_ends_the_process_with_a_report() {
    let output = in_a_process("spins_after_a_cut", &[("REVEILLE_WATCHDOG", "1")]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(text.contains("reveille: endless poll in `spins`"), "{text}");
    assert!(text.contains("the poll of task 2 at step 4 has not returned after 1s"), "{text}");
}

/// Asks the server for a word, and again if the network is in the way.
async fn ask(permits: Rc<Semaphore>) -> bool {
    let _permit = permits.acquire().await.unwrap();
    let once = async {
        let mut stream = TcpStream::connect("127.0.0.1:7").await?;
        stream.write_all(b"?").await?;
        let mut word = [0; 2];
        stream.read_exact(&mut word).await?;
        std::io::Result::Ok(word)
    };
    match timeout(Duration::from_secs(60), once).await {
        Ok(Ok(word)) => word == *b"ok",
        Ok(Err(_)) | Err(_) => true,
    }
}

/// A permit, and a server that answers.
fn server() -> Rc<Semaphore> {
    let serve = async {
        let listener = TcpListener::bind("127.0.0.1:7").await.unwrap();
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { continue };
            let answer = async move {
                stream.read_exact(&mut [0]).await?;
                stream.write_all(b"ok").await
            };
            drop(Builder::new().daemon(true).spawn(answer));
        }
    };
    drop(Builder::new().daemon(true).spawn(serve));
    Rc::new(Semaphore::new(1))
}

#[test]
fn a_program_that_lives_with_faults_is_clean_with_them() {
    for preset in ["off", "light", "heavy"] {
        let audit = audit(ask).world(server).bystander("one", ask).bystander("two", ask).faults(preset);
        audit.runs(8).run().unwrap().assert_clean();
    }
}

#[test]
fn what_only_breaks_when_the_network_does_too_is_found_with_faults_only() {
    // Takes the permit off the shelf for its second try, and puts it back by hand.
    let audited = |preset| {
        let retry = |permits: Rc<Semaphore>| async move {
            drop(permits.acquire().await);
            if TcpStream::connect("127.0.0.1:7").await.is_err() {
                permits.acquire().await.unwrap().forget();
                sleep(Duration::from_secs(1)).await;
                let _ = TcpStream::connect("127.0.0.1:7").await;
                permits.add_permits(1);
            }
        };
        audit(retry).world(server).faults(preset).runs(60).run().unwrap()
    };
    audited("off").assert_clean();
    let report = audited("heavy");
    let faults: Vec<_> = report.rows().iter().flat_map(|row| row.faults.keys()).map(ToString::to_string).collect();
    assert!(faults.iter().any(|fault| fault == "again hangs"), "{report}");
}

#[test]
fn presets_that_do_not_exist_are_refused() {
    let failure = broken().faults("medium").run().unwrap_err();
    assert!(failure.kind().is_none() && failure.to_string().contains("medium"), "{failure}");
}
