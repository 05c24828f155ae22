//! A server as one would put it on the network, and three mistakes in it that such servers have had: what reveille says of each.
//!
//!     cargo run -p reveille --example server             all of them, and the server as it should be
//!     cargo run -p reveille --example server -- NAME     one: torn_frame, missed_signal, one_for_all, mended
//!
//! It has time-outs for requests and for connections that ask nothing, heartbeats in both directions, a side channel on which
//! connections hear that it is time to stop, and errors of four kinds that are treated in four ways. Files in the order of
//! reading: `frame.rs` what is on the wire, `trouble.rs` the four kinds, `connection.rs` one connection, `accept.rs` all of them,
//! `stop.rs` the side channel, `client.rs` the other end, `people.rs` who uses it, `program.rs` what is explored.
//!
//! `sim/tests/server.rs` has all of it as tests.

// tokio and futures, on which it is written, build without what it uses under `--cfg loom`.
#[cfg(not(loom))]
mod parts;

fn main() {
    #[cfg(not(loom))]
    parts::main();
}
