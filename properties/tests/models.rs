//! Parts of the harness against slow versions of themselves.

#![cfg(not(loom))]

mod common;

use common::config;
use proptest::collection::vec;
use proptest::prelude::*;
use reveille_properties::{fuzz, models};

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn the_executor_does_what_flags_and_a_rotated_deque_do(operations in vec(any::<u8>(), 0..300)) {
        models::executor_agrees(&operations);
    }

    #[test]
    fn timers_do_what_a_map_does(operations in vec(any::<u8>(), 0..300)) {
        models::timers_agree(&operations);
    }
}

proptest! {
    #![proptest_config(config(200))]

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
