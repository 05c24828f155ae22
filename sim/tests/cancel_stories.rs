//! The stories of the example `cancel_stories`: the broken form is found, as what it is, and the mended one is clean.

#![cfg(not(loom))]

use reveille::FindingKind;

#[path = "../examples/cancel_stories/stories/mod.rs"]
mod stories;

use stories::{Told, bank, database, frame, lines, machine, next, send, server};

fn told(broken: &Told, kind: FindingKind, mended: &Told) -> String {
    assert_eq!(broken.failure.as_ref().map(reveille::Failure::kind), Some(Some(kind)), "{broken}");
    assert!(mended.failure.is_none(), "{mended}");
    broken.failure.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn items_are_lost_when_select_drops_the_reader_and_not_when_streams_are_merged() {
    told(&lines::broken(), FindingKind::Panic, &lines::mended());
}

#[test]
fn a_state_that_is_taken_out_is_gone_and_one_that_is_worked_on_in_place_stays() {
    told(&machine::broken(), FindingKind::Panic, &machine::mended());
}

#[test]
fn an_item_is_lost_by_an_async_next_and_kept_by_a_stream() {
    let text = told(&next::broken(), FindingKind::DroppedValue, &next::mended());
    assert!(text.contains("made at sim/examples/cancel_stories/stories/next.rs:"), "{text}");
    assert!(text.contains("through reveille::time::sleep"), "{text}");
}

#[test]
fn an_item_is_lost_by_send_and_not_by_reserve() {
    told(&send::broken(), FindingKind::DroppedValue, &send::mended());
}

#[test]
fn a_frame_is_torn_by_read_exact_and_not_by_a_buffer_that_stays() {
    let text = told(&frame::broken(), FindingKind::BrokenByCut, &frame::mended());
    assert!(text.contains("ended with `false`"), "{text}");
}

#[test]
fn an_update_is_lost_between_read_and_write_and_not_within_one_poll() {
    told(&bank::broken(), FindingKind::Panic, &bank::mended());
}

#[test]
fn a_database_that_is_closed_by_a_destructor_is_still_open_when_it_is_opened_again() {
    let broken = database::broken();
    let text = told(&broken, FindingKind::Error, &database::mended());
    assert!(text.contains("locked"), "{text}");
    assert_ne!(broken.failure.unwrap().run(), Some(0), "on some schedules only");
}

#[test]
fn a_database_that_is_closed_in_a_scope_is_closed_when_the_scope_ends_however_its_user_did() {
    let text = told(&database::broken_beside_a_scope(), FindingKind::Error, &database::mended_by_a_scope());
    assert!(text.contains("locked"), "{text}");
}

#[test]
fn a_server_that_drains_answers_what_it_accepted() {
    told(&server::broken(), FindingKind::Error, &server::mended());
}
