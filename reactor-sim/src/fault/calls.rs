//! Faults of calls: what every socket may legally do, and hardly ever does on a developer's machine.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::task::Waker;

use reveille_executor::{Choose, Kind, Point};

use super::menu::Menu;
use super::{Fault, Faults, Strikes};
use crate::address::Address;
use crate::kernel::{Interest, Kernel, Others, SocketId, StreamOption, WaitId, Wakers};

/// Whether, and how, a call meets a fault.
///
/// ```
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{CALL, Fault, Faults, Faulty, Strikes};
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Kernel};
///
/// /// Whatever may go wrong with a call does, and nothing else.
/// struct BadCalls;
/// impl Choose for BadCalls {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         u32::from(point.kind == CALL)
///     }
/// }
#[doc = include_str!("../../doc/plain.txt")]
/// let (mut net, mut plain, strikes) = (Net::default(), Plain, Strikes::default());
/// let here = net.node("here");
/// let mut honest = net.calls(Instant::ZERO, here, &mut plain);
/// assert!(honest.lookup("here").is_ok());
/// let faults = Faults::OFF.with(Fault::LookupFailed);
/// let mut faulty = Faulty { kernel: &mut honest, choose: &mut BadCalls, faults: &faults, strikes: &strikes };
/// assert!(faulty.lookup("here").is_err());
/// ```
pub const CALL: Kind = Kind::new(b'f');

/// A kernel whose calls come back short, empty-handed or interrupted.
///
/// After a `WouldBlock` that was not true the waker that is left is woken at once, as the honest kernel does for a socket
/// that is ready: nothing is lost, a task is polled again.
///
/// ```
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::fault::{Fault, Faults, Faulty, Strikes};
/// use reveille_reactor::net::Net;
/// use reveille_reactor::{Instant, Kernel};
/// # use reveille_reactor::net::{Fabric, Fate, Packet, Verdict};
/// # struct Plain;
/// # impl Fabric for Plain {
/// #     fn carry(&mut self, packet: &Packet) -> Verdict {
/// #         Verdict { delay: packet.latency, fate: Fate::Arrives }
/// #     }
/// # }
/// # struct One;
/// # impl Choose for One {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         1
/// #     }
/// # }
///
/// // `Plain`: every packet arrives, in the usual time of its link.
/// // `One`: the answer to every question is 1.
/// let (mut net, mut plain) = (Net::default(), Plain);
/// let here = net.node("here");
/// let mut honest = net.calls(Instant::ZERO, here, &mut plain);
/// let (one, other) = honest.pair()?;
/// honest.write(one, b"hello")?;
///
/// let (strikes, faults) = (Strikes::default(), Faults::OFF.with(Fault::ShortRead));
/// let mut faulty = Faulty { kernel: &mut honest, choose: &mut One, faults: &faults, strikes: &strikes };
/// assert_eq!(faulty.read(other, &mut [0; 8], false)?, 4); // half of what was asked for
/// assert_eq!(honest.read(other, &mut [0; 8], false)?, 1); // the rest is there
/// assert_eq!(strikes.of(Fault::ShortRead), 1);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Faulty<'a, K: ?Sized, C: ?Sized> {
    /// The kernel without faults.
    pub kernel: &'a mut K,
    /// What answers.
    pub choose: &'a mut C,
    /// How bad it is.
    pub faults: &'a Faults,
    /// What struck.
    pub strikes: &'a Strikes,
}

impl<K: Kernel + ?Sized, C: Choose + ?Sized> Faulty<'_, K, C> {
    /// Which fault of `menu` strikes, if one does.
    fn strike(&mut self, menu: &[Fault]) -> Option<Fault> {
        self.strike_but(menu, &[])
    }

    /// The same, where those of `idle` would come to nothing.
    fn strike_but(&mut self, menu: &[Fault], idle: &[Fault]) -> Option<Fault> {
        Menu { kind: CALL, sorts: menu, idle, usual: self.faults.calls() }.strikes(self.faults, self.choose)
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

    /// How many of `length` bytes a call is given, of `fault`'s sort: fewer.
    fn short(&mut self, fault: Fault, length: usize) -> usize {
        shortened(self.choose, CALL, self.faults.rate(fault).is_some(), length)
    }

    /// Of how many bytes a read into `buffer` may be given fewer. A sort with a rate strikes as often as that says, so it is looked what
    /// there is; without one it may turn out that there is no more than a short read gives, and it does not strike.
    fn there_is(&mut self, stream: SocketId, buffer: &mut [u8]) -> io::Result<usize> {
        if self.faults.rate(Fault::ShortRead).is_none() {
            return Ok(buffer.len());
        }
        match self.kernel.read(stream, buffer, true) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            // Reported once: by this call.
            there => there,
        }
    }
}

/// How many of `length` bytes, 2 at least, a short call is given. From the menu {1, a half, all but one}; or, `anywhere`, any number that is
/// less, of a great length {1, 2, … 254, a half, all but one}.
pub(super) fn shortened(choose: &mut (impl Choose + ?Sized), kind: Kind, anywhere: bool, length: usize) -> usize {
    const SMALL: usize = 256;
    let mut cut = |bound: usize| choose.decide(Point::new(kind, bound as u32)) as usize;
    let few = match anywhere {
        false => [1, length / 2, length - 1][cut(3).min(2)],
        true if length <= SMALL => 1 + cut(length - 1),
        true => match cut(SMALL) {
            254 => length / 2,
            255 => length - 1,
            few => 1 + few,
        },
    };
    few.clamp(1, length - 1)
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
        let there = self.there_is(stream, buffer)?;
        let idle: &[Fault] = if there > 1 { &[] } else { &[Fault::ShortRead] };
        match self.strike_but(&[Fault::ShortRead, Fault::WouldBlock, Fault::Interrupted], idle) {
            None => self.kernel.read(stream, buffer, peek),
            Some(Fault::ShortRead) if there > 1 => {
                let length = self.short(Fault::ShortRead, there);
                let usual = self.kernel.read(stream, buffer, true)?;
                let count = self.kernel.read(stream, &mut buffer[..length], peek)?;
                // What has given all that there was is not short.
                if count < usual {
                    self.strikes.note(Fault::ShortRead);
                }
                Ok(count)
            }
            Some(Fault::ShortRead) => self.kernel.read(stream, buffer, peek),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn write(&mut self, stream: SocketId, bytes: &[u8]) -> io::Result<usize> {
        let idle: &[Fault] = if bytes.len() > 1 { &[] } else { &[Fault::ShortWrite] };
        match self.strike_but(&[Fault::ShortWrite, Fault::WouldBlock, Fault::Interrupted], idle) {
            None => self.kernel.write(stream, bytes),
            Some(Fault::ShortWrite) if bytes.len() > 1 => {
                let length = self.short(Fault::ShortWrite, bytes.len());
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
