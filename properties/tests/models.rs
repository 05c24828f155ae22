//! Parts of the harness against slow versions of themselves.

#![cfg(not(loom))]

mod common;

use common::config;
use proptest::collection::vec;
use proptest::prelude::*;
use reveille::net::UdpSocket;
use reveille::time::{Duration, sleep, timeout};
use reveille_properties::{Circumstances, faults, fuzz, models, schedules};

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_executor_does_what_flags_and_a_rotated_deque_do(operations in vec(any::<u8>(), 0..300)) {
        models::executor_agrees(&operations);
    }

    #[test]
    fn a_disk_does_what_lists_of_versions_and_changes_do(operations in vec(any::<u8>(), 0..300)) {
        models::disk_agrees(&operations);
    }

    #[test]
    fn a_crash_of_a_disk_leaves_each_of_what_it_may_leave(operations in vec(any::<u8>(), 0..40)) {
        models::disk_crashes_in_all_ways(&operations);
    }

    #[test]
    fn timers_do_what_a_map_does(operations in vec(any::<u8>(), 0..300)) {
        models::timers_agree(&operations);
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn the_queues_of_workers_do_what_deques_do(operations in vec(any::<u8>(), 0..300)) {
        models::queues_agree(&operations);
    }

    #[test]
    fn a_link_does_what_two_lists_do(operations in vec(any::<u8>(), 0..300)) {
        models::datagrams_agree(&operations);
    }

    #[test]
    fn a_connection_does_what_lists_do(operations in vec(any::<u8>(), 0..300)) {
        models::window_agrees(&operations);
    }

    #[test]
    fn a_stream_delivers_what_was_sent(script in vec(any::<u8>(), 0..100)) {
        fuzz::stream(&script);
    }

    #[test]
    fn a_tape_is_its_text(bytes in vec(any::<u8>(), 0..100)) {
        fuzz::tape_text(&bytes);
    }

    #[test]
    fn no_bytes_are_a_program_that_breaks_the_harness(bytes in vec(any::<u8>(), 0..120)) {
        fuzz::schedule(&bytes);
        fuzz::cancel(&bytes);
        fuzz::replay(&bytes);
    }
}

/// Sends datagrams of these sizes, one every so often, and compares what arrives with a list: each as it was sent, none that
/// was not; over an honest link every one, once.
async fn datagrams(sizes: Vec<u16>, is_honest: bool) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let sender = UdpSocket::bind("127.0.0.1:1").await.map_err(failed)?;
    let receiver = UdpSocket::bind("127.0.0.1:2").await.map_err(failed)?;
    let datagram = |at: usize| vec![u8::try_from(at).unwrap(); usize::from(sizes[at])];
    for at in 0..sizes.len() {
        // A faulty call may fail: then this one is not sent.
        let _ = sender.send_to(&datagram(at), "127.0.0.1:2").await;
        sleep(Duration::from_millis(at as u64 % 3)).await;
    }
    let mut arrived = vec![0_u32; sizes.len()];
    let mut buffer = vec![0; 2048];
    while let Ok(Ok((length, _))) = timeout(Duration::from_secs(60), receiver.recv_from(&mut buffer)).await {
        let known = (0..sizes.len()).find(|at| length > 0 && datagram(*at) == buffer[..length]);
        let Some(at) = known else { return Err(format!("nobody sent {:?}", &buffer[..length])) };
        arrived[at] += 1;
    }
    if is_honest && arrived.iter().any(|count| *count != 1) {
        return Err(format!("over an honest link they arrived {arrived:?} times"));
    }
    Ok(())
}

fn carries(world: &Circumstances, sizes: &[u16], is_honest: bool) -> Result<(), TestCaseError> {
    world.check(|| datagrams(sizes.to_vec(), is_honest))
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn an_honest_link_delivers_every_datagram_once(sizes in vec(1..1_000_u16, 0..12), schedule in schedules()) {
        carries(&schedule, &sizes, true)?;
    }

    #[test]
    fn a_faulty_link_delivers_nothing_that_was_not_sent(sizes in vec(1..1_000_u16, 0..12), weather in faults()) {
        carries(&weather, &sizes, false)?;
    }
}
