//! What becomes of what is on its way, to the millisecond: who asks again while a link is cut, who gives up when, who is told by a reset, and
//! what arrives before that. Each claim is one about Linux, of tcp(7) or ip-sysctl where a time is meant.

#![cfg(not(loom))]

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use reveille_reactor::net::{Fabric, Fate, Net, NodeId, Packet, Verdict};
use reveille_reactor::{Instant, Kernel, SocketId, StreamOption};

/// Every packet arrives, in the usual time of its link.
struct Plain;

impl Fabric for Plain {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        Verdict { delay: packet.latency, fate: Fate::Arrives }
    }
}

/// Two machines, a millisecond apart.
struct Two {
    net: Net,
    now: Instant,
    here: NodeId,
    db: NodeId,
}

const MILLIS: Duration = Duration::from_millis(1);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Two {
    fn new() -> Self {
        let mut net = Net::default();
        let (here, db) = (net.node("here"), net.node("db"));
        Self { net, now: Instant::ZERO, here, db }
    }

    fn call<R>(&mut self, node: NodeId, call: impl FnOnce(&mut dyn Kernel) -> R) -> R {
        call(&mut self.net.calls(self.now, node, &mut Plain))
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.net.next_event().filter(|next| *next <= end) {
            self.now = next;
            self.net.advance(next, &mut Plain);
        }
        self.now = end;
    }

    fn partition(&mut self) {
        self.net.cut(self.now, self.here, self.db);
        self.net.cut(self.now, self.db, self.here);
    }

    fn repair(&mut self) {
        self.net.repair(self.here, self.db);
        self.net.repair(self.db, self.here);
    }

    fn crash(&mut self, node: NodeId) {
        self.net.crash(self.now, node, &mut Plain);
    }

    fn listen(&mut self, backlog: u32) -> SocketId {
        let address = SocketAddr::from(([0, 0, 0, 0], 80));
        self.call(self.db, |kernel| kernel.listen(&address.into(), backlog)).unwrap()
    }

    fn connect(&mut self, from: NodeId) -> SocketId {
        let address = SocketAddr::new(Net::address(self.db), 80);
        self.call(from, |kernel| kernel.connect(&address.into())).unwrap()
    }

    /// A connection, from here to a server that has accepted it.
    fn pair(&mut self) -> (SocketId, SocketId) {
        let listener = self.listen(16);
        let client = self.connect(self.here);
        self.pass(10 * MILLIS);
        let (server, _) = self.call(self.db, |kernel| kernel.accept(listener)).unwrap();
        (client, server)
    }

    fn connected(&mut self, client: SocketId) -> Result<(), ErrorKind> {
        self.call(self.here, |kernel| kernel.connected(client)).map_err(|error| error.kind())
    }

    fn read(&mut self, node: NodeId, stream: SocketId) -> Result<usize, ErrorKind> {
        self.call(node, |kernel| kernel.read(stream, &mut [0; 16], false)).map_err(|error| error.kind())
    }

    fn write(&mut self, stream: SocketId, count: usize) -> io::Result<usize> {
        self.call(self.here, |kernel| kernel.write(stream, &vec![0; count]))
    }
}

#[test]
fn a_connect_whose_answer_is_lost_times_out() {
    // The way back is cut before the question arrives, or before the answer does; there is somebody who listens, or nobody.
    for (micros, listens) in [(0, true), (0, false), (1_500, true), (1_500, false)] {
        let mut two = Two::new();
        if listens {
            two.listen(16);
        }
        let client = two.connect(two.here);
        two.pass(Duration::from_micros(micros));
        two.net.cut(two.now, two.db, two.here);
        two.pass(seconds(126));
        assert_eq!(two.connected(client), Err(ErrorKind::WouldBlock), "{micros} {listens}");
        two.pass(seconds(2));
        assert_eq!(two.connected(client), Err(ErrorKind::TimedOut), "{micros} {listens}");
        assert_eq!(two.net.next_event(), None);
    }
}

#[test]
fn a_connect_succeeds_once_its_answer_gets_through() {
    let mut two = Two::new();
    let listener = two.listen(0);
    two.net.cut(two.now, two.db, two.here);
    let client = two.connect(two.here);
    two.pass(seconds(100));
    // The question has arrived several times, and takes no more than one place.
    two.repair();
    two.pass(seconds(28));
    assert_eq!(two.connected(client), Err(ErrorKind::TimedOut), "the last question was asked after 63 s");

    two.net.cut(two.now, two.db, two.here);
    let client = two.connect(two.here);
    two.pass(seconds(40));
    two.repair();
    two.pass(seconds(24));
    assert_eq!(two.connected(client), Ok(()));
    two.call(two.db, |kernel| kernel.accept(listener)).unwrap();
    assert_eq!(two.read(two.here, client), Err(ErrorKind::WouldBlock));
}

#[test]
fn a_refusal_that_is_lost_is_repeated() {
    let mut two = Two::new();
    let client = two.connect(two.here);
    two.net.cut(two.now, two.db, two.here);
    two.pass(seconds(2));
    two.repair();
    two.pass(seconds(2));
    assert_eq!(two.connected(client), Err(ErrorKind::ConnectionRefused));
}

#[test]
fn who_has_dropped_a_connect_asks_no_more() {
    let mut two = Two::new();
    let listener = two.listen(16);
    two.partition();
    let client = two.connect(two.here);
    two.pass(MILLIS / 2);
    two.call(two.here, |kernel| kernel.close(client));
    two.pass(MILLIS);
    two.repair();
    assert_eq!(two.net.next_event(), None);
    assert_eq!(two.net.connections(), 0);
    assert!(two.call(two.db, |kernel| kernel.accept(listener)).is_err());
}

#[test]
fn data_is_repeated_for_a_quarter_of_an_hour() {
    let mut two = Two::new();
    let (client, _) = two.pair();
    two.partition();
    two.write(client, 1).unwrap();
    two.pass(seconds(924));
    assert_eq!(two.read(two.here, client), Err(ErrorKind::WouldBlock));
    two.pass(seconds(1));
    assert_eq!(two.read(two.here, client), Err(ErrorKind::TimedOut));
}

#[test]
fn what_was_tried_for_the_last_time_is_not_sent_when_the_link_is_repaired() {
    let mut two = Two::new();
    let (client, server) = two.pair();
    two.partition();
    two.write(client, 1).unwrap();
    two.pass(seconds(900));
    two.repair();
    two.pass(seconds(100));
    assert_eq!(two.read(two.here, client), Err(ErrorKind::TimedOut));
    assert_eq!(two.read(two.db, server), Err(ErrorKind::WouldBlock));
}

/// The client has heard that it is granted, and nothing that it says gets through any more: the last word of the handshake, or the reset of
/// who was lost with it on its way.
#[test]
fn a_handshake_whose_client_is_gone_leaves_the_backlog_after_a_minute() {
    for crashes_after in [Duration::ZERO, 2 * MILLIS] {
        let mut two = Two::new();
        let other = two.net.node("other");
        let listener = two.listen(0);
        two.connect(two.here);
        two.pass(Duration::from_micros(2_500));
        two.partition();
        two.pass(crashes_after);
        two.crash(two.here);
        two.pass(seconds(61));
        let next = two.connect(other);
        // Who asks asks again after 1 s, then after 2, and is answered the second time, after 64 s in all.
        for (time, is_connected) in [(seconds(2), false), (seconds(2), true)] {
            two.pass(time);
            assert_eq!(two.call(other, |kernel| kernel.connected(next)).is_ok(), is_connected, "{time:?}");
        }
        two.call(two.db, |kernel| kernel.accept(listener)).unwrap();
        assert_eq!(two.net.connections(), 1, "the first is forgotten");
    }
}

/// The client is gone before it has heard that it is granted.
#[test]
fn a_grant_that_nobody_hears_is_repeated_for_a_minute() {
    let mut two = Two::new();
    two.listen(0);
    let client = two.connect(two.here);
    two.pass(MILLIS + MILLIS / 2);
    two.call(two.here, |kernel| kernel.close(client));
    two.partition();
    two.pass(seconds(62));
    assert_eq!(two.net.connections(), 1);
    two.pass(seconds(2));
    assert_eq!((two.net.connections(), two.net.next_event()), (0, None));
}

/// Who has heard the answer says so once, and again when it is asked: it does not repeat that by itself, and hears nothing of being forgotten.
#[test]
fn an_idle_client_that_was_never_heard_of_is_not_told() {
    for speaks in [false, true] {
        let mut two = Two::new();
        two.listen(16);
        let client = two.connect(two.here);
        two.pass(Duration::from_micros(2_500));
        assert_eq!(two.connected(client), Ok(()));
        two.partition();
        two.pass(seconds(3_600));
        assert_eq!(two.read(two.here, client), Err(ErrorKind::WouldBlock));
        assert_eq!(two.net.next_event(), None);
        two.repair();
        two.pass(seconds(3_600));
        assert_eq!(two.read(two.here, client), Err(ErrorKind::WouldBlock));
        // When it talks, it is told that nobody knows of it; also if all that it says is that it will say no more.
        if speaks {
            two.write(client, 1).unwrap();
        } else {
            two.call(two.here, |kernel| kernel.shutdown(client, std::net::Shutdown::Write)).unwrap();
        }
        two.pass(10 * MILLIS);
        assert_eq!(two.read(two.here, client), Err(ErrorKind::ConnectionReset));
    }
}

#[test]
fn what_an_unheard_client_sends_is_repeated_beyond_the_handshake() {
    let mut two = Two::new();
    let _listener = two.listen(16);
    let client = two.connect(two.here);
    two.pass(Duration::from_micros(2_500));
    two.partition();
    two.write(client, 1).unwrap();
    two.pass(seconds(924));
    assert_eq!(two.read(two.here, client), Err(ErrorKind::WouldBlock));
    two.pass(seconds(1));
    assert_eq!(two.read(two.here, client), Err(ErrorKind::TimedOut));
}

/// Whoever was behind the window that is full is gone when a probe gets through: it crashed, or it closed, and the reset was lost.
#[test]
fn a_probe_of_a_full_window_is_answered_by_a_reset_where_nobody_is() {
    for crashes in [true, false] {
        let mut two = Two::new();
        let (client, server) = two.pair();
        let most = two.write(client, 1 << 20).unwrap();
        two.pass(10 * MILLIS);
        assert_eq!(two.write(client, 1).unwrap_err().kind(), ErrorKind::WouldBlock, "{most} bytes fill it");
        two.partition();
        two.pass(seconds(1));
        if crashes {
            two.crash(two.db);
        } else {
            two.call(two.db, |kernel| kernel.close(server));
        }
        two.pass(seconds(1));
        two.repair();
        two.pass(seconds(10));
        assert_eq!(two.write(client, 1).unwrap_err().kind(), ErrorKind::ConnectionReset, "{crashes}");
    }
}

#[test]
fn a_window_that_stays_full_behind_a_cut_link_is_probed_as_long_as_data_is_repeated() {
    let mut two = Two::new();
    let (client, _) = two.pair();
    two.write(client, 1 << 20).unwrap();
    two.pass(10 * MILLIS);
    two.partition();
    two.pass(seconds(924));
    assert_eq!(two.write(client, 1).unwrap_err().kind(), ErrorKind::WouldBlock);
    two.pass(seconds(1));
    assert_eq!(two.write(client, 1).unwrap_err().kind(), ErrorKind::TimedOut);
}

/// What was being repeated is tried two minutes apart by then.
#[test]
fn a_reset_is_sent_at_once_whatever_was_being_repeated() {
    for crashes in [true, false] {
        let mut two = Two::new();
        let (client, server) = two.pair();
        two.partition();
        two.write(client, 1).unwrap();
        two.pass(seconds(300));
        two.repair();
        if crashes {
            two.crash(two.here);
        } else {
            two.call(two.here, |kernel| {
                kernel.set_option(client, StreamOption::ResetOnClose(true)).unwrap();
                kernel.close(client);
            });
        }
        two.pass(2 * MILLIS);
        assert_eq!(two.read(two.db, server), Err(ErrorKind::ConnectionReset), "{crashes}");
    }
}

/// The server reads nothing, or not all, of what it is asked, and hangs up with an answer.
#[test]
fn an_answer_arrives_before_the_reset_of_who_sent_it() {
    // Of the question nothing has arrived when the server hangs up, or all of it; the answer was sent just then, or a little before.
    for (before, after) in [(MILLIS / 2, Duration::ZERO), (10 * MILLIS, MILLIS), (10 * MILLIS, Duration::ZERO)] {
        let mut two = Two::new();
        let (client, server) = two.pair();
        two.write(client, 100).unwrap();
        two.pass(before);
        two.call(two.db, |kernel| assert_eq!(kernel.write(server, b"413").unwrap(), 3));
        two.pass(after / 2);
        two.call(two.db, |kernel| kernel.close(server));
        two.write(client, 1).unwrap();
        two.pass(10 * MILLIS);
        assert_eq!(two.read(two.here, client), Ok(3), "{before:?} {after:?}");
        let next = two.read(two.here, client);
        // The end of the stream, where nothing was unread when the server closed it, and otherwise the reset.
        assert_eq!(next, if before < MILLIS { Ok(0) } else { Err(ErrorKind::ConnectionReset) }, "{before:?} {after:?}");
        assert_eq!(two.write(client, 1).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

/// What waits to be sent again goes with who would send it, and so does what a crash finds on its way.
#[test]
fn what_was_lost_is_not_repeated_by_who_has_left_with_a_reset() {
    for crashes in [true, false] {
        let mut two = Two::new();
        let (client, server) = two.pair();
        two.call(two.here, |kernel| kernel.set_option(client, StreamOption::ResetOnClose(true))).unwrap();
        if !crashes {
            two.partition();
        }
        two.write(client, 3).unwrap();
        two.pass(if crashes { MILLIS / 2 } else { seconds(1) });
        two.repair();
        if crashes {
            two.crash(two.here);
        } else {
            two.call(two.here, |kernel| kernel.close(client));
        }
        two.pass(seconds(10));
        assert_eq!(two.read(two.db, server), Err(ErrorKind::ConnectionReset), "{crashes}");
    }
}

/// The link is cut while the last words and the reset are on their way: nobody is left to repeat either.
#[test]
fn a_reset_that_is_lost_with_what_is_before_it_leaves_nothing_on_its_way() {
    let mut two = Two::new();
    let (client, server) = two.pair();
    two.call(two.here, |kernel| kernel.set_option(client, StreamOption::ResetOnClose(true))).unwrap();
    two.write(client, 3).unwrap();
    two.call(two.here, |kernel| kernel.close(client));
    two.partition();
    two.pass(MILLIS);
    assert_eq!(two.net.next_event(), None);
    two.repair();
    assert_eq!(two.read(two.db, server), Err(ErrorKind::WouldBlock));
    two.call(two.db, |kernel| kernel.write(server, b"?")).unwrap();
    two.pass(10 * MILLIS);
    assert_eq!(two.read(two.db, server), Err(ErrorKind::ConnectionReset));
}

#[test]
fn that_a_port_is_closed_is_told_over_the_link_that_leads_back() {
    for is_held in [false, true] {
        let mut two = Two::new();
        let (here, db) = (two.here, two.db);
        let socket = two.call(here, |kernel| kernel.bind_datagram(([0, 0, 0, 0], 0).into())).unwrap();
        two.call(here, |kernel| kernel.connect_datagram(socket, (Net::address(db), 9).into())).unwrap();
        if is_held {
            two.net.hold(db, here);
        } else {
            two.net.cut(two.now, db, here);
        }
        let send = |two: &mut Two| two.call(here, |kernel| kernel.send(socket, b"x", None)).unwrap();
        let hears = |two: &mut Two| {
            two.pass(seconds(1));
            two.call(here, |kernel| kernel.receive(socket, &mut [0; 4], false)).unwrap_err().kind()
        };
        send(&mut two);
        assert_eq!(hears(&mut two), ErrorKind::WouldBlock, "{is_held}");
        two.repair();
        two.net.release(two.now, db, here);
        let released = if is_held { ErrorKind::ConnectionRefused } else { ErrorKind::WouldBlock };
        assert_eq!(hears(&mut two), released);
        send(&mut two);
        assert_eq!(hears(&mut two), ErrorKind::ConnectionRefused);
        // Who is gone need not be told.
        send(&mut two);
        two.call(here, |kernel| kernel.close(socket));
        two.pass(MILLIS);
        assert_eq!(two.net.next_event(), None);
    }
}
