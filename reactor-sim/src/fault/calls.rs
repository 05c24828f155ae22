//! Faults of calls: what every socket may legally do, and hardly ever does on a developer's machine.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::task::Waker;

use reveille_executor::{Choose, Hint, Kind, Point};

use super::{Fault, Faults, Strikes};
use crate::address::Address;
use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, WaitId, Wakers};

/// Whether, and how, a call meets a fault.
pub const CALL: Kind = Kind::new(b'f');

/// A kernel whose calls come back short, empty-handed or interrupted.
///
/// After a `WouldBlock` that was not true the waker that is left is woken at once, as the honest kernel does for a socket
/// that is ready: nothing is lost, a task is polled again.
#[derive(Debug)]
pub struct Faulty<'a, K: ?Sized, C: ?Sized> {
    /// The kernel without faults.
    pub kernel: &'a mut K,
    /// What answers.
    pub choose: &'a mut C,
    /// How bad it is.
    pub faults: Faults,
    /// What struck.
    pub strikes: &'a Strikes,
}

impl<K: Kernel + ?Sized, C: Choose + ?Sized> Faulty<'_, K, C> {
    /// Which fault of `menu` strikes, if one does.
    fn strike(&mut self, menu: &[Fault]) -> Option<Fault> {
        let (on, meant) = self.faults.among(menu);
        let hint = Hint::Rarely { numerator: self.faults.calls(), denominator: 1024 };
        // One answer is not asked for.
        meant(self.choose.decide(Point { kind: CALL, bound: on + 1, hint }))
    }

    /// Fails a call that may be interrupted or find nothing.
    fn strike_call(&mut self) -> io::Result<()> {
        match self.strike(&[Fault::WouldBlock, Fault::Interrupted]) {
            None => Ok(()),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn failed(&mut self, fault: Fault) -> io::Error {
        self.strikes.note(fault);
        match fault {
            Fault::Interrupted => ErrorKind::Interrupted.into(),
            Fault::Refused => ErrorKind::ConnectionRefused.into(),
            Fault::LookupFailed => io::Error::new(ErrorKind::NotFound, "temporary failure in name resolution"),
            _ => ErrorKind::WouldBlock.into(),
        }
    }

    /// How many of `length` bytes a call is given: fewer, from the menu {1, a half, all but one}.
    fn short(&mut self, length: usize) -> usize {
        let cut = self.choose.decide(Point::new(CALL, 3));
        [1, length / 2, length - 1][cut.min(2) as usize].max(1)
    }
}

impl<K: Kernel + ?Sized, C: Choose + ?Sized> Kernel for Faulty<'_, K, C> {
    fn listen(&mut self, address: &Address, backlog: u32) -> io::Result<SocketId> {
        self.kernel.listen(address, backlog)
    }

    fn accept(&mut self, listener: SocketId) -> io::Result<(SocketId, Address)> {
        match self.strike(&[Fault::WouldBlock]) {
            None => self.kernel.accept(listener),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn connect(&mut self, peer: &Address) -> io::Result<SocketId> {
        // Nothing lies between a Unix socket and its listener that could refuse.
        let refused = if matches!(peer, Address::Internet(_)) { self.strike(&[Fault::Refused]) } else { None };
        match refused {
            None => self.kernel.connect(peer),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn pair(&mut self) -> io::Result<(SocketId, SocketId)> {
        self.kernel.pair()
    }

    fn connected(&mut self, stream: SocketId) -> io::Result<()> {
        self.kernel.connected(stream)
    }

    fn read(&mut self, stream: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        match self.strike(&[Fault::ShortRead, Fault::WouldBlock, Fault::Interrupted]) {
            None => self.kernel.read(stream, buffer, peek),
            Some(Fault::ShortRead) if buffer.len() > 1 => {
                let length = self.short(buffer.len());
                let count = self.kernel.read(stream, &mut buffer[..length], peek)?;
                if count == length {
                    self.strikes.note(Fault::ShortRead);
                }
                Ok(count)
            }
            Some(Fault::ShortRead) => self.kernel.read(stream, buffer, peek),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        match self.strike(&[Fault::ShortWrite, Fault::WouldBlock, Fault::Interrupted]) {
            None => self.kernel.write(stream, bytes),
            Some(Fault::ShortWrite) if bytes.len() > 1 => {
                let length = self.short(bytes.len());
                let count = self.kernel.write(stream, &bytes[..length])?;
                self.strikes.note(Fault::ShortWrite);
                Ok(count)
            }
            Some(Fault::ShortWrite) => self.kernel.write(stream, bytes),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> io::Result<()> {
        self.kernel.shutdown(stream, how)
    }

    fn set_option(&mut self, stream: SocketId, option: StreamOption) -> io::Result<()> {
        self.kernel.set_option(stream, option)
    }

    fn nodelay(&mut self, stream: SocketId) -> io::Result<bool> {
        self.kernel.nodelay(stream)
    }

    fn bind_datagram(&mut self, address: SocketAddr) -> io::Result<SocketId> {
        self.kernel.bind_datagram(address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> io::Result<()> {
        self.kernel.connect_datagram(socket, peer)
    }

    fn send(&mut self, socket: SocketId, bytes: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
        self.strike_call()?;
        self.kernel.send(socket, bytes, to)
    }

    fn receive(&mut self, socket: SocketId, buffer: &mut [u8], peek: bool) -> io::Result<(usize, SocketAddr)> {
        self.strike_call()?;
        self.kernel.receive(socket, buffer, peek)
    }

    fn local_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.kernel.local_address(socket)
    }

    fn peer_address(&mut self, socket: SocketId) -> io::Result<Address> {
        self.kernel.peer_address(socket)
    }

    fn take_error(&mut self, socket: SocketId) -> io::Result<Option<io::Error>> {
        self.kernel.take_error(socket)
    }

    fn lookup(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self.strike(&[Fault::LookupFailed, Fault::LookupSlow]) {
            None => self.kernel.lookup(name),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn close(&mut self, socket: SocketId) {
        self.kernel.close(socket);
    }

    fn is_waiting(&mut self, socket: SocketId, interest: Interest, wait: Option<WaitId>, waker: &Waker) -> bool {
        self.kernel.is_waiting(socket, interest, wait, waker)
    }

    fn wait(&mut self, socket: SocketId, interest: Interest, others: Others, waker: Waker) -> Option<WaitId> {
        if self.strike(&[Fault::SpuriousWake]).is_some() {
            self.strikes.note(Fault::SpuriousWake);
            self.kernel.wait_briefly(waker);
            return None;
        }
        self.kernel.wait(socket, interest, others, waker)
    }

    fn give_up(&mut self, socket: SocketId, interest: Interest, wait: WaitId) {
        self.kernel.give_up(socket, interest, wait);
    }

    fn wait_briefly(&mut self, waker: Waker) {
        self.kernel.wait_briefly(waker);
    }

    fn take_wakers(&mut self) -> Wakers {
        self.kernel.take_wakers()
    }
}
