//! What the environment says reaches a campaign. A process has one environment, so each test starts others, of this very program.

#![cfg(not(loom))]

mod common;

use std::io;

use common::printed;
use reveille::net::UdpSocket;
use reveille::time::{Duration, timeout};
use reveille::{choose, explore, yield_now};

/// What a campaign says, which asks with as many answers as the variable has it.
#[test]
#[ignore = "is run by others, with variables set"]
fn says() {
    let bound = std::env::var("ANSWERS").map_or(9, |text| text.parse().unwrap());
    let program = move || async move { assert!(choose(bound) < 7) };
    match explore().name("says").run(program) {
        Ok(passed) => println!("{passed}"),
        Err(failure) => {
            println!("{failure}");
            failure.tape().into_iter().for_each(|tape| println!("tape: {tape}"));
        }
    }
}

#[test]
fn a_tape_that_no_longer_fits_goes_on_leniently_on_request_and_says_where_it_parted() {
    let found = printed("says", &[]);
    let tape = found.lines().find_map(|line| line.strip_prefix("tape: ")).unwrap();
    let strict = printed("says", &[("REVEILLE_REPLAY", tape), ("ANSWERS", "8")]);
    assert!(strict.contains("no longer fits `says`") && strict.contains("`REVEILLE_LENIENT=1`"), "{strict}");
    let lenient = printed("says", &[("REVEILLE_REPLAY", tape), ("REVEILLE_LENIENT", "1"), ("ANSWERS", "8")]);
    let parted = "the program asks `c` with 8 answers at draw 0, where the tape has `c` with 9";
    assert!(lenient.contains("reveille: panic in `says`") && lenient.contains(parted), "{lenient}");
    let wrong = printed("says", &[("REVEILLE_REPLAY", tape), ("REVEILLE_LENIENT", "maybe")]);
    assert!(wrong.contains("REVEILLE_LENIENT is `maybe`: expected `1` or `0`"), "{wrong}");
}

#[test]
fn a_strategy_is_named_and_a_wrong_name_is_answered_with_the_right_ones() {
    let proof = printed("says", &[("REVEILLE_STRATEGY", "exhaustive"), ("ANSWERS", "7")]);
    assert!(proof.contains("reveille: all 7 runs passed"), "{proof}");
    for wrong in ["lucky", "pct:0"] {
        let text = printed("says", &[("REVEILLE_STRATEGY", wrong)]);
        assert!(text.contains("REVEILLE_STRATEGY: ") && text.contains(&format!("no strategy `{wrong}`")), "{text}");
    }
}

/// Fails with a tape that is too long to be pasted.
#[test]
#[ignore = "is run by others, with variables set"]
fn asks_for_long() {
    let program = || async {
        let sum: u32 = (0..400).map(|_| choose(9)).sum();
        assert_eq!(sum, 0);
    };
    println!("{}", explore().name("asks").shrink(false).run(program).unwrap_err());
}

/// Another strategy makes another run of the same seed.
#[test]
fn a_line_that_repeats_a_seed_has_what_the_environment_said_of_it() {
    let plain = printed("asks_for_long", &[]);
    assert!(plain.contains("replay: REVEILLE_SEED=1 REVEILLE_RUNS=1 cargo test"), "{plain}");
    let set =
        [("REVEILLE_STRATEGY", "sticky:3"), ("REVEILLE_FREEDOMS", "held-back, spurious"), ("REVEILLE_FAULTS", "light")];
    let text = printed("asks_for_long", &set);
    let line = "REVEILLE_RUNS=1 REVEILLE_STRATEGY=sticky:3 REVEILLE_FREEDOMS=held-back,spurious REVEILLE_FAULTS=light cargo test";
    assert!(text.contains(line), "{text}");
}

/// A datagram to itself arrives, if nothing is asked for that loses it.
#[test]
#[ignore = "is run by others, with variables set"]
fn counts_on_the_network() {
    let program = || async {
        let socket = UdpSocket::bind("0.0.0.0:1").await?;
        socket.send_to(b"?", "127.0.0.1:1").await?;
        timeout(Duration::from_secs(60), socket.recv_from(&mut [0; 1])).await.map(drop).map_err(io::Error::from)
    };
    match explore().name("counts").faults("crash").run(program) {
        Ok(passed) => println!("{passed}"),
        Err(failure) => println!("{failure}"),
    }
}

#[test]
fn faults_of_the_environment_come_in_the_place_of_those_that_a_test_asks_for() {
    let without = printed("counts_on_the_network", &[]);
    assert!(without.contains("reveille: 1000 runs passed"), "{without}");
    let lossy = printed("counts_on_the_network", &[("REVEILLE_FAULTS", "lost=1/2")]);
    assert!(lossy.contains("reveille: error in `counts`"), "{lossy}");
    let wrong = printed("counts_on_the_network", &[("REVEILLE_FAULTS", "gremlins")]);
    assert!(wrong.contains("REVEILLE_FAULTS: ") && wrong.contains("`gremlins`"), "{wrong}");
}

#[test]
fn a_shard_that_does_not_exist_is_refused() {
    let text = printed("says", &[("REVEILLE_SHARD", "3/2")]);
    assert!(text.contains("REVEILLE_SHARD is `3/2`: expected a shard"), "{text}");
}

/// Fails after more polls than a screen has rows.
#[test]
#[ignore = "is run by others, with variables set"]
fn goes_on_for_long() {
    let program = || async {
        for _ in 0..100 {
            yield_now().await;
        }
        panic!("at last");
    };
    println!("{}", explore().name("goes on").runs(1).run(program).unwrap_err());
}

#[test]
fn all_rows_are_shown_on_request() {
    let rows = |text: &str| text.lines().filter(|line| line.trim_end().ends_with(['●', '✗'])).count();
    let screen = printed("goes_on_for_long", &[]);
    assert!(screen.contains(" rows as usual (all are shown by `REVEILLE_ROWS=all`)"), "{screen}");
    assert!(rows(&screen) < 40, "{screen}");
    let asked_for = printed("goes_on_for_long", &[("REVEILLE_ROWS", "screen")]);
    assert_eq!(rows(&asked_for), rows(&screen), "{asked_for}");
    let all = printed("goes_on_for_long", &[("REVEILLE_ROWS", "all")]);
    assert!(!all.contains("as usual"), "{all}");
    assert_eq!(rows(&all), 101, "{all}");
    let wrong = printed("goes_on_for_long", &[("REVEILLE_ROWS", "abc")]);
    assert!(wrong.contains("REVEILLE_ROWS is `abc`: expected `all` or `screen`"), "{wrong}");
}
