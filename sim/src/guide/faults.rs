//! Machines, and what may go wrong with them, their disks and the network between them.
//!
//! A run starts on the node `main`; [`node("db")`](crate::node()) is another machine, with an address, a disk and clocks. Bad things come in
//! two ways: a test does them on purpose, by a verb, at a moment of its own; or the run draws them, as *faults*, from the choices
//! that everything else comes from. Both are on the tape, in the report, and shrunk away where a failure does without.
//!
//! # Verbs
//!
//! | verb | as | ends with |
//! |---|---|---|
//! | [`crash`](crate::Node::crash) | `kill -9` and a loss of power: tasks are gone, connections reset, what was not synced is lost, kept or torn | [`restart`](crate::Node::restart) |
//! | [`stop`](crate::Node::stop) | `SIGTERM`, and `SIGKILL` after a while: tasks hear of it by [`stop_requested`](crate::node::stop_requested) | `restart` |
//! | [`pause`](crate::Node::pause) | `SIGSTOP`, a long collection of garbage, a laptop that is closed | [`resume`](crate::Node::resume) |
//! | [`partition`](crate::Node::partition), [`cut_to`](crate::Node::cut_to) | a cable that is pulled, or half of it | [`repair`](crate::Node::repair) |
//! | [`hold`](crate::Node::hold) | packets that are stuck in a queue | [`release`](crate::Node::release) |
//! | [`set_loss`](crate::Node::set_loss), [`set_latency`](crate::Node::set_latency) | a bad line, a long one | the same |
//! | [`set_clock`](crate::Node::set_clock), [`set_clock_drift`](crate::Node::set_clock_drift) | a time service that corrects a clock, a quartz that is warm | the same |
//! | [`stall_disk`](crate::Node::stall_disk), [`set_disk_capacity`](crate::Node::set_disk_capacity) | a disk that does not answer, one that is full | [`release_disk`](crate::Node::release_disk) |
//!
//! [`net::heal`](crate::net::heal) ends all of them but crashes, stops, latencies and what clocks show: a test asserts after it that the program recovers.
//!
//! # Faults
//!
//! [`Explore::faults`](crate::Explore::faults), or `faults = ".."` of the attribute, takes a preset and knobs: `light`, `heavy,-torn`, `off,crash,pause`. A
//! knob says whether a sort of fault may strike, the preset how often, and the seed makes it rarer or more frequent. All of them
//! have in common that answer 0 is "no", so seed 0 has none.
//!
//! | knob | group | what happens |
//! |---|---|---|
//! | `late` | `packets` | a packet takes 2,000 times as long, beyond usual time-outs. Packets of different connections overtake each other even without: each takes the usual time of its link, twice or ten times as long |
//! | `lost` | | a packet is lost: a stream sends it again, a datagram is gone |
//! | `twice` | | a datagram comes twice |
//! | `torn` | | a connection is reset at both ends |
//! | `short-read`, `short-write` | `calls` | a call moves one byte, a half, or all but one |
//! | `would-block` | | a socket that is ready says it is not, and wakes the task at once: a poll for nothing |
//! | `interrupted` | | a call says `Interrupted` |
//! | `spurious-wake` | | a task is woken, and its socket is not ready |
//! | `refused` | | a connection is refused although somebody listens |
//! | `lookup-failed`, `lookup-slow` | | a name is not found, or after five seconds |
//! | `disk-full`, `sync-failed` | `files` | a write or a sync fails; see [`fs`](crate::fs) |
//! | `partition` | `nodes` | a node is cut off, in one or both directions, from all or from one other, for 0.1, 5 or 60 s |
//! | `crash` | | a node that was given a program by [`start`](crate::Node::start), which still runs, crashes and is started again after 10 ms, 1 s or 30 s; it refuses connections meanwhile |
//! | `pause` | | a node is paused for 10 ms, 1 s or 60 s |
//! | `clock-jump` | | the time of day of a node that looks at it jumps by a second or an hour, forward or back |
//!
//! Those of whole machines are in no preset: they ask of a program that it lives through them, and not only that it minds its errors. They
//! come when time moves, 3 of them in a run at most (12 with `heavy`), and each ends by itself; so a program that tries again long enough comes through. What
//! a test does by verbs goes before: who was crashed on purpose stays down. The node of the test itself neither crashes nor is paused.
//!
//! [`net::strikes`](crate::net::strikes) says what really struck in a run. A test of recovery should say what it has seen:
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use reveille::net::{Fault, TcpListener, TcpStream, strikes};
//! use reveille::{node, time::{Duration, sleep, timeout}};
//!
//! /// A server that greets, and a client that does not give up.
//! async fn greeted() {
//!     node("web").start(|| async {
//!         let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
//!         while let Ok((mut stream, _)) = listener.accept().await {
//!             let _ = stream.write_all(b"hello").await;
//!         }
//!     });
//!     let greet = || async {
//!         let mut stream = TcpStream::connect("web:80").await?;
//!         stream.read_exact(&mut [0; 5]).await
//!     };
//!     while !matches!(timeout(Duration::from_secs(1), greet()).await, Ok(Ok(()))) {
//!         sleep(Duration::from_millis(10)).await;
//!     }
//!     reveille::sometimes!(strikes().of(Fault::Crash) > 0, "the server crashes");
//!     reveille::sometimes!(strikes().of(Fault::Partition) > 0, "it is cut off");
//! }
//! reveille::explore().faults("heavy,crash,partition").run(greeted).unwrap();
//! ```
//!
//! # What a report shows
//!
//! The schedule of a failing run has a row for each poll and each step of time, and in it what was sent (``bytes `main`→`db` in 1ms``, or *lost*, or
//! *no way* over a link that is cut or held), which socket became ready, and what was done to nodes and files. A stuck task that waits for a
//! socket is listed with what that waits for, and what the other side holds: *bytes from `db`, which is open and has 4 bytes unread*. Nodes
//! that were paused at the end are named.
//!
//! # What there is not
//!
//! An `accept` that is slow by itself: a server that is slow to accept is one that is paused, or held back by the schedule. Bits that flip, on disks and on
//! the way. Machines whose network interface is lost and whose programs go on are those that are cut off from all others.
