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
//! [`Explore::faults`](crate::Explore::faults), or `faults = ".."` of the attribute, takes a preset and knobs: `light`, `heavy,-torn`, `off,crash,pause`,
//! `light,lost=1/5,short-read=1/2`. All of them have in common that answer 0 is "no", so seed 0 has none. As a value that is
//! [`Faults`](crate::net::Faults): `Faults::LIGHT.at(Fault::Lost, Rate::new(1, 5)).without(Fault::Torn)`.
//!
//! *How often.* A sort without a rate is as frequent as its preset has it, on average: the default strategy makes each kind of them four times as frequent in one
//! run of eight, and in another has none, since what never happens hides nothing. Sorts that compete on one occasion (of the packets, of the
//! calls, of the files, of the machines) share what stands in the table. A [`Rate`](crate::net::Rate) is taken at its word instead: so often of the occasions
//! on which the sort may strike, in every run but the dullest, by every strategy that is random; exhaustive search, fuzzing and shrinking know
//! no rates. `=0` is off, and a group may be given a rate as well: each of its sorts has it then.
//!
//! | knob | group | what happens | `light` | `heavy` | as |
//! |---|---|---|---|---|---|
//! | `late` | `packets` | a packet takes 2,000 times as long, beyond usual time-outs | 1 % | 10 % | a route that flaps, a full queue |
//! | `lost` | | a packet is lost: a stream sends it again, a datagram is gone | | | RFC 768, 9293 |
//! | `twice` | | a datagram comes twice | | | RFC 768 |
//! | `torn` | | a connection is reset at both ends, in the place of bytes or an end | 0.1 % | 0.4 % | a middlebox that forgot it |
//! | `latency` | | a packet takes twice or ten times the usual time of its link; packets of different connections, and datagrams, overtake each other so | 25 %, also `off` | | every network |
//! | `slow-accept` | | who connects is connected, and who accepts gets the connection 50 ms, 1 s or 3 s later | by name | | the last packet of the handshake is lost; RFC 6298 for the times |
//! | `short-read`, `short-write` | `calls` | a call moves one byte, a half, or all but one; with a rate any number that is less than there was | 1 % | 10 % | read(2), write(2) |
//! | `would-block` | | a socket that is ready says it is not, and wakes the task at once: a poll for nothing | | | select(2), BUGS |
//! | `interrupted` | | a call is interrupted: calls that wait try again by themselves, `try_read` and files' operations show it | | | signal(7) |
//! | `spurious-wake` | | a task is woken, and its socket is not ready | | | the contract of `Future` |
//! | `refused` | | a connection is refused although somebody listens | | | a full backlog, a firewall |
//! | `lookup-failed`, `lookup-slow` | | a name is not found, or after five seconds more | | | resolv.conf(5) |
//! | `disk-full`, `sync-failed` | `files` | a write or a sync fails; see [`fs`](crate::fs) | 1 % | 10 % | write(2), fsync(2) |
//! | `partition` | `nodes` | a node is cut off, in one or both directions, from all or from one other, for 0.1, 5 or 60 s | by name: 0.4 % | 1.6 % | |
//! | `crash` | | a node that was given a program by [`start`](crate::Node::start), which still runs, crashes and is started again after 10 ms, 1 s or 30 s; it refuses connections meanwhile | | | |
//! | `pause` | | a node is paused for 10 ms, 1 s or 60 s | | | |
//! | `clock-jump` | | the time of day of a node that looks at it jumps by a second or an hour, forward or back | | | |
//!
//! An empty cell is as the one above. `short-read`, `short-write` and `interrupted` are those of files as well. A torn packet is looked for before the rest is. An
//! occasion is a packet, a call, an operation on files, or, for the machines, each step of virtual time. `interrupted`, `would-block` and `spurious-wake` cannot be `=1`:
//! who is answered so tries again. Of two whose rates make a whole, `calls=1/2`, the second is taken of what the first leaves.
//!
//! Those of whole machines are in no preset: they ask of a program that it lives through them, and not only that it minds its errors. They
//! come when time moves, 3 of them in a run at most (12 with `heavy`), and each ends by itself; so a program that tries again long enough comes through. What
//! a test does by verbs goes before: who was crashed on purpose stays down. The node of the test itself neither crashes nor is paused. `slow-accept` is in none
//! because seeds would mean other runs: ask for it.
//!
//! *Latencies* are not called a fault, so `off` has them too, and nobody counts them. Named, they are counted; `-latency` has every packet take the usual time of its
//! link, which leaves an exhaustive search that much less to search. [`set_latency`](crate::Node::set_latency) says what is usual on a link; with that the menu is the
//! usual time, 2 and 10 times that at the rate of `latency`, and 2,000 times at that of `late`.
//!
//! # What struck
//!
//! The report of a failing run has a line `faults that struck`: in the run that is shown, made small, so what stands there is what the failure needs, or could not do
//! without in time. A passing campaign says the sum of its runs ([`Passed::struck`](crate::Passed::struck)), and has a note for what was asked for by name and never struck.
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
//! Bits that flip, on disks and on the way. Machines whose network interface is lost and whose programs go on are those that are cut off
//! from all others. An `accept` that is slow because its program is: that is one that is paused, or held back by the schedule.
