//! The words of a script: calls whose observable outcome is written down, and what has to be there first.

use std::fmt::Write as _;
use std::io;
use std::net::{Shutdown, SocketAddr};

use reveille_reactor::{Address, SocketId, StreamOption};

use crate::stage::{Family, Stage};

/// A script being played, and what was observed.
pub(crate) struct Play<S> {
    pub(crate) stage: S,
    log: String,
}

impl<S: Stage> Play<S> {
    pub(crate) fn new(stage: S) -> Self {
        Self { stage, log: String::new() }
    }

    pub(crate) fn into_log(self) -> String {
        self.log
    }

    pub(crate) fn call<R>(
        &mut self,
        call: impl FnOnce(&mut dyn reveille_reactor::Kernel) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = self.stage.call(call);
        self.stage.settle();
        result
    }

    pub(crate) fn note(&mut self, what: &str, outcome: impl std::fmt::Display) {
        writeln!(self.log, "  {what}: {outcome}").expect("writing to a string works");
    }

    pub(crate) fn outcome<R>(&mut self, what: &str, result: io::Result<R>) -> Option<R> {
        match result {
            Ok(value) => {
                self.note(what, "ok");
                Some(value)
            }
            Err(error) => {
                self.note(what, format_args!("{:?}", error.kind()));
                None
            }
        }
    }

    pub(crate) fn wait(&mut self) {
        self.stage.wait();
    }
}

/// Setting the scene: nothing is written down, everything has to work.
impl<S: Stage> Play<S> {
    pub(crate) fn listener(&mut self, backlog: u32) -> (SocketId, SocketAddr) {
        let listener =
            self.call(|kernel| kernel.listen(&SocketAddr::from(([127, 0, 0, 1], 0)).into(), backlog)).expect("listens");
        (listener, self.local(listener))
    }

    pub(crate) fn local(&mut self, socket: SocketId) -> SocketAddr {
        match self.call(|kernel| kernel.local_address(socket)).expect("has an address") {
            Address::Internet(address) => address,
            Address::Path(path) => panic!("expected an address with a port, found {path:?}"),
        }
    }

    /// The ends of a connection of the stage's family.
    pub(crate) fn pair(&mut self) -> (SocketId, SocketId) {
        match self.stage.family() {
            Family::Tcp => {
                let (client, server, _) = self.connection();
                (client, server)
            }
            Family::Unix => self.call(|kernel| kernel.pair()).expect("makes a pair"),
        }
    }

    /// A connection over TCP: the end that asked, the end that was accepted, and the listener.
    pub(crate) fn connection(&mut self) -> (SocketId, SocketId, SocketId) {
        let (listener, address) = self.listener(16);
        let client = self.call(|kernel| kernel.connect(&address.into())).expect("begins");
        self.call(|kernel| kernel.connected(client)).expect("connects");
        let (server, _) = self.call(|kernel| kernel.accept(listener)).expect("accepts");
        (client, server, listener)
    }

    pub(crate) fn datagrams(&mut self) -> (SocketId, SocketId) {
        let mut bind = || self.call(|kernel| kernel.bind_datagram(([127, 0, 0, 1], 0).into())).expect("binds");
        (bind(), bind())
    }

    pub(crate) fn reset_on_close(&mut self, stream: SocketId) {
        self.call(|kernel| kernel.set_option(stream, StreamOption::ResetOnClose(true))).expect("has the option");
    }

    pub(crate) fn close(&mut self, socket: SocketId) {
        self.stage.call(|kernel| kernel.close(socket));
        self.stage.settle();
    }

    /// Writes and closes without anything arriving in between.
    pub(crate) fn write_and_close(&mut self, stream: SocketId, text: &str) {
        let written = self.stage.call(|kernel| {
            let written = kernel.write(stream, text.as_bytes());
            kernel.close(stream);
            written
        });
        self.stage.settle();
        assert_eq!(written.expect("has room"), text.len());
    }

    /// Closes several without anything arriving in between.
    pub(crate) fn close_together(&mut self, sockets: [SocketId; 2]) {
        self.stage.call(|kernel| sockets.into_iter().for_each(|socket| kernel.close(socket)));
        self.stage.settle();
    }
}

/// Calls whose outcome is written down.
impl<S: Stage> Play<S> {
    pub(crate) fn listen(&mut self, what: &str, address: SocketAddr) -> Option<SocketId> {
        let result = self.call(|kernel| kernel.listen(&address.into(), 16));
        self.outcome(&format!("listen on {what}"), result)
    }

    pub(crate) fn connect(&mut self, address: SocketAddr) -> SocketId {
        let client = self.call(|kernel| kernel.connect(&address.into())).expect("begins");
        self.connected(client);
        client
    }

    pub(crate) fn connected(&mut self, client: SocketId) {
        let result = self.call(|kernel| kernel.connected(client));
        self.outcome("connect", result);
    }

    pub(crate) fn accept(&mut self, listener: SocketId) -> Option<SocketId> {
        let result = self.call(|kernel| kernel.accept(listener));
        self.outcome("accept", result).map(|(stream, _)| stream)
    }

    pub(crate) fn read(&mut self, stream: SocketId) {
        self.read_as("read", stream, 64, false);
    }

    pub(crate) fn peek(&mut self, stream: SocketId) {
        self.read_as("peek", stream, 64, true);
    }

    pub(crate) fn read_up_to(&mut self, stream: SocketId, length: usize) {
        self.read_as(&format!("read {length}"), stream, length, false);
    }

    fn read_as(&mut self, what: &str, stream: SocketId, length: usize, peek: bool) {
        let mut buffer = vec![0; length];
        match self.call(|kernel| kernel.read(stream, &mut buffer, peek)) {
            Ok(0) => self.note(what, "nothing, successfully"),
            Ok(count) => {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                self.note(what, format_args!("`{text}`"));
            }
            Err(error) => self.note(what, format_args!("{:?}", error.kind())),
        }
    }

    pub(crate) fn write(&mut self, stream: SocketId, text: &str) {
        match self.call(|kernel| kernel.write(stream, text.as_bytes())) {
            Ok(count) => self.note(&format!("write `{text}`"), format_args!("{count}")),
            Err(error) => self.note(&format!("write `{text}`"), format_args!("{:?}", error.kind())),
        }
    }

    /// Writes until nothing more fits. Returns how many bytes did.
    pub(crate) fn fill(&mut self, stream: SocketId) -> usize {
        let (chunk, mut total) = ([b'x'; 16 * 1024], 0);
        loop {
            match self.call(|kernel| kernel.write(stream, &chunk)) {
                Ok(count) => total += count,
                Err(error) => {
                    self.note(
                        "write without end",
                        format_args!("{:?} after more than nothing: {}", error.kind(), total > 0),
                    );
                    return total;
                }
            }
        }
    }

    /// Reads until nothing more comes. Returns how many bytes came.
    pub(crate) fn drain(&mut self, stream: SocketId) -> usize {
        let (mut chunk, mut total) = ([0; 64 * 1024], 0);
        let mut patience = 20;
        loop {
            match self.call(|kernel| kernel.read(stream, &mut chunk, false)) {
                Ok(0) => return total,
                Ok(count) => total += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && patience > 0 => patience -= 1,
                Err(_) => return total,
            }
        }
    }

    pub(crate) fn shutdown(&mut self, stream: SocketId, how: Shutdown) {
        let result = self.call(|kernel| kernel.shutdown(stream, how));
        self.outcome(&format!("shutdown {how:?}"), result);
    }

    pub(crate) fn take_error(&mut self, socket: SocketId) {
        match self.call(|kernel| kernel.take_error(socket)) {
            Ok(None) => self.note("pending error", "none"),
            Ok(Some(error)) | Err(error) => self.note("pending error", format_args!("{:?}", error.kind())),
        }
    }

    pub(crate) fn peer_address(&mut self, socket: SocketId) {
        let result = self.call(|kernel| kernel.peer_address(socket));
        self.outcome("peer address", result);
    }

    pub(crate) fn local_address(&mut self, socket: SocketId) {
        let result = self.call(|kernel| kernel.local_address(socket));
        self.outcome("local address", result);
    }

    pub(crate) fn nodelay(&mut self, stream: SocketId, on: bool) {
        self.call(|kernel| kernel.set_option(stream, StreamOption::NoDelay(on))).expect("has the option");
        let is_on = self.call(|kernel| kernel.nodelay(stream)).expect("has the option");
        self.note("nodelay", is_on);
    }

    pub(crate) fn bind_datagram(&mut self, what: &str, address: SocketAddr) -> Option<SocketId> {
        let result = self.call(|kernel| kernel.bind_datagram(address));
        self.outcome(&format!("bind {what}"), result)
    }

    pub(crate) fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) {
        let result = self.call(|kernel| kernel.connect_datagram(socket, peer));
        self.outcome("set peer", result);
    }

    pub(crate) fn send(&mut self, socket: SocketId, length: usize, to: Option<SocketAddr>) {
        let bytes = vec![b'd'; length];
        match self.call(|kernel| kernel.send(socket, &bytes, to)) {
            Ok(count) => self.note(&format!("send {length}"), count),
            Err(error) => self.note(&format!("send {length}"), format_args!("{:?}", error.kind())),
        }
    }

    pub(crate) fn receive(&mut self, socket: SocketId, room: usize, peek: bool) {
        let (what, mut buffer) = (if peek { "look at" } else { "receive" }, vec![0; room]);
        match self.call(|kernel| kernel.receive(socket, &mut buffer, peek)) {
            Ok((count, _)) => self.note(what, count),
            Err(error) => self.note(what, format_args!("{:?}", error.kind())),
        }
    }
}
