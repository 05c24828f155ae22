//! The scripts of a connection that is there: each is played over TCP and between Unix sockets. What they observe is recorded for
//! each family, since some of it differs; the two kernels have to agree all the same.

use std::net::Shutdown::{Both, Read, Write};

use crate::script::Play;
use crate::stage::Stage;

scripts! {
    bytes_go_both_ways(p) {
        let (one, other) = p.pair();
        p.write(one, "ping");
        p.read(other);
        p.write(other, "pong");
        p.read(one);
        p.read(one);
    }
    bytes_of_several_writes_are_one_stream(p) {
        let (one, other) = p.pair();
        p.write(one, "abc");
        p.write(one, "def");
        p.read_up_to(other, 4);
        p.read_up_to(other, 1);
        p.read(other);
    }
    half_close(p) {
        let (one, other) = p.pair();
        p.write(one, "question");
        p.shutdown(one, Write);
        p.read(other);
        p.read(other);
        p.read(other);
        p.write(other, "answer");
        p.close(other);
        p.read(one);
        p.read(one);
    }
    write_after_own_shutdown(p) {
        let (one, other) = p.pair();
        p.shutdown(one, Write);
        p.write(one, "x");
        p.write(one, "");
        p.shutdown(one, Write);
        p.write(other, "still");
        p.read(one);
    }
    shutdown_of_reading(p) {
        let (one, other) = p.pair();
        p.shutdown(one, Read);
        p.read(one);
        p.write(one, "still");
        p.read(other);
        p.read(other);
    }
    shutdown_of_reading_with_bytes_there(p) {
        let (one, other) = p.pair();
        p.write(other, "there");
        p.shutdown(one, Read);
        p.read(one);
        p.read(one);
    }
    bytes_after_shutdown_of_reading(p) {
        let (one, other) = p.pair();
        p.write(other, "early");
        p.shutdown(one, Read);
        p.write(other, "late");
        p.read(one);
        p.read(one);
    }
    shutdown_of_both(p) {
        let (one, other) = p.pair();
        p.write(one, "before");
        p.shutdown(one, Both);
        p.read(one);
        p.write(one, "x");
        p.read(other);
        p.read(other);
        p.write(other, "to nobody");
        p.read(other);
        p.write(other, "again");
        p.shutdown(other, Both);
    }
    shutdown_after_the_peer_has_closed(p) {
        let (one, other) = p.pair();
        p.close(other);
        p.shutdown(one, Write);
        p.read(one);
        p.shutdown(one, Write);
    }
    both_shut_down_at_once(p) {
        let (one, other) = p.pair();
        p.shutdown(one, Write);
        p.shutdown(other, Write);
        p.read(one);
        p.read(other);
        p.write(one, "x");
        p.write(other, "x");
    }
    both_close_at_once(p) {
        let (one, other) = p.pair();
        p.close_together([one, other]);
        p.read(one);
    }
    the_peer_closes(p) {
        let (one, other) = p.pair();
        p.write(other, "last words");
        p.close(other);
        p.read(one);
        p.read(one);
        p.take_error(one);
        p.read(one);
    }
    write_after_the_peer_has_closed(p) {
        let (one, other) = p.pair();
        p.close(other);
        p.write(one, "one");
        p.write(one, "two");
        p.write(one, "three");
        p.write(one, "");
        p.read(one);
    }
    write_after_the_peer_has_closed_and_read_first(p) {
        let (one, other) = p.pair();
        p.close(other);
        p.write(one, "one");
        p.read(one);
        p.take_error(one);
        p.write(one, "two");
    }
    close_with_unread_bytes_is_a_reset(p) {
        let (one, other) = p.pair();
        p.write(one, "unread");
        p.close(other);
        p.read(one);
        p.read(one);
        p.write(one, "x");
    }
    close_with_unread_bytes_loses_nothing_that_arrived(p) {
        let (one, other) = p.pair();
        p.write(other, "read me");
        p.write(one, "unread");
        p.close(other);
        p.read(one);
        p.read(one);
        p.read(one);
    }
    an_answer_before_a_close_with_unread_bytes(p) {
        let (one, other) = p.pair();
        p.write(one, "a long question");
        p.write_and_close(other, "answer");
        p.read(one);
        p.read(one);
        p.read(one);
    }
    write_meets_a_reset_first(p) {
        let (one, other) = p.pair();
        p.write(one, "unread");
        p.close(other);
        p.write(one, "x");
        p.write(one, "");
        p.read(one);
        p.read(one);
    }
    shutdown_meets_a_reset_first(p) {
        let (one, other) = p.pair();
        p.write(one, "unread");
        p.close(other);
        p.shutdown(one, Write);
        p.read(one);
        p.shutdown(one, Read);
    }
    a_reset_is_taken_once(p) {
        let (one, other) = p.pair();
        p.take_error(one);
        p.write(one, "unread");
        p.close(other);
        p.take_error(one);
        p.take_error(one);
        p.read(one);
    }
    empty_reads_and_writes(p) {
        let (one, other) = p.pair();
        p.write(one, "");
        p.read(other);
        p.read_up_to(other, 0);
        p.write(one, "x");
        p.read_up_to(other, 0);
        p.read(other);
        p.shutdown(one, Write);
        p.read_up_to(other, 0);
        p.read(other);
    }
    an_empty_read_leaves_an_error(p) {
        let (one, other) = p.pair();
        p.write(one, "unread");
        p.close(other);
        p.read_up_to(one, 0);
        p.read(one);
        p.read(one);
    }
    full_buffers_make_a_writer_wait(p) {
        let (one, other) = p.pair();
        let written = p.fill(one);
        p.write(one, "x");
        let read = p.drain(other);
        p.note("all of it arrives", written == read);
        p.write(one, "x");
        p.read(other);
    }
    full_buffers_in_both_directions(p) {
        let (one, other) = p.pair();
        let (there, back) = (p.fill(one), p.fill(other));
        let (read_there, read_back) = (p.drain(other), p.drain(one));
        p.note("all of it arrives", (there, back) == (read_there, read_back));
    }
    the_end_comes_after_full_buffers(p) {
        let (one, other) = p.pair();
        let written = p.fill(one);
        p.close(one);
        let read = p.drain(other);
        p.note("all of it arrives", written == read);
        p.read(other);
    }
    the_reader_of_full_buffers_closes(p) {
        let (one, other) = p.pair();
        p.fill(one);
        p.close(other);
        p.write(one, "x");
        p.write(one, "x");
        p.read(one);
        p.read(one);
    }
}
