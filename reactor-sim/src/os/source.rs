//! The sockets of the operating system, by sort: what `mio` has a type for each of.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;

use mio::event;
use mio::net::{TcpListener as MioListener, TcpStream as MioStream, UdpSocket as MioDatagram};
#[cfg(unix)]
use mio::net::{UnixListener as MioUnixListener, UnixStream as MioUnixStream};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;

#[derive(Debug)]
pub(super) enum Source {
    Listener(MioListener),
    Stream {
        stream: MioStream,
        connecting: bool,
    },
    Datagram(MioDatagram),
    #[cfg(unix)]
    UnixListener(MioUnixListener),
    #[cfg(unix)]
    UnixStream(MioUnixStream),
}

pub(super) fn wrong_kind() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the socket is of another kind")
}

fn unsupported() -> io::Error {
    ErrorKind::Unsupported.into()
}

impl Source {
    pub(super) fn listen(address: &Address, backlog: u32) -> io::Result<Self> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        let address = match address {
            Address::Internet(address) => address,
            #[cfg(unix)]
            Address::Path(Some(path)) => {
                let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.set_nonblocking(true)?;
                socket.bind(&SockAddr::unix(path)?)?;
                socket.listen(backlog)?;
                return Ok(Self::UnixListener(MioUnixListener::from_std(socket.into())));
            }
            _ => return Err(ErrorKind::InvalidInput.into()),
        };
        let socket = Socket::new(Domain::for_address(*address), Type::STREAM, None)?;
        // As tokio and the standard library do: a port whose old connections linger can be listened on again.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(*address))?;
        socket.listen(backlog)?;
        Ok(Self::Listener(MioListener::from_std(socket.into())))
    }

    pub(super) fn connect(peer: &Address) -> io::Result<Self> {
        match peer {
            Address::Internet(peer) => Ok(Self::Stream { stream: MioStream::connect(*peer)?, connecting: true }),
            #[cfg(unix)]
            Address::Path(Some(path)) => Ok(Self::UnixStream(MioUnixStream::connect(path)?)),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    #[cfg(unix)]
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        MioUnixStream::pair().map(|(one, other)| (Self::UnixStream(one), Self::UnixStream(other)))
    }

    #[cfg(not(unix))]
    pub(super) fn pair() -> io::Result<(Self, Self)> {
        Err(unsupported())
    }

    /// What `mio` registers, and whether it can ever be written to.
    pub(super) fn registered(&mut self) -> (&mut dyn event::Source, bool) {
        match self {
            Self::Listener(listener) => (listener, false),
            Self::Stream { stream, .. } => (stream, true),
            Self::Datagram(datagram) => (datagram, true),
            #[cfg(unix)]
            Self::UnixListener(listener) => (listener, false),
            #[cfg(unix)]
            Self::UnixStream(stream) => (stream, true),
        }
    }

    pub(super) fn accept(&mut self) -> io::Result<(Self, Address)> {
        match self {
            Self::Listener(listener) => {
                let (stream, peer) = listener.accept()?;
                Ok((Self::Stream { stream, connecting: false }, peer.into()))
            }
            #[cfg(unix)]
            Self::UnixListener(listener) => {
                let (stream, peer) = listener.accept()?;
                Ok((Self::UnixStream(stream), path_of(&peer)))
            }
            _ => Err(wrong_kind()),
        }
    }

    pub(super) fn connected(&mut self) -> io::Result<()> {
        let (stream, connecting) = match self {
            Self::Stream { stream, connecting } => (stream, connecting),
            #[cfg(unix)]
            Self::UnixStream(stream) => return stream.take_error()?.map_or(Ok(()), Err),
            _ => return Err(wrong_kind()),
        };
        if let Some(error) = stream.take_error()? {
            *connecting = false;
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => {
                *connecting = false;
                Ok(())
            }
            Err(error) if *connecting && error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        match self {
            Self::Stream { stream, .. } if peek => stream.peek(buffer),
            Self::Stream { stream, .. } => stream.read(buffer),
            #[cfg(unix)]
            Self::UnixStream(_) if peek => Err(unsupported()),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.read(buffer),
            _ => Err(wrong_kind()),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream { stream, .. } => stream.write(bytes),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.write(bytes),
            _ => Err(wrong_kind()),
        }
    }

    pub(super) fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Stream { stream, .. } => stream.shutdown(how),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.shutdown(how),
            _ => Err(wrong_kind()),
        }
    }

    pub(super) fn local_address(&self) -> io::Result<Address> {
        match self {
            Self::Listener(listener) => listener.local_addr().map(Into::into),
            Self::Stream { stream, .. } => stream.local_addr().map(Into::into),
            Self::Datagram(datagram) => datagram.local_addr().map(Into::into),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.local_addr().map(|address| path_of(&address)),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.local_addr().map(|address| path_of(&address)),
        }
    }

    pub(super) fn peer_address(&self) -> io::Result<Address> {
        match self {
            Self::Stream { stream, .. } => stream.peer_addr().map(Into::into),
            Self::Datagram(datagram) => datagram.peer_addr().map(Into::into),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.peer_addr().map(|address| path_of(&address)),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Listener(listener) => listener.take_error(),
            Self::Stream { stream, .. } => stream.take_error(),
            Self::Datagram(datagram) => datagram.take_error(),
            #[cfg(unix)]
            Self::UnixListener(listener) => listener.take_error(),
            #[cfg(unix)]
            Self::UnixStream(stream) => stream.take_error(),
        }
    }
}

/// Names without a file count as none.
#[cfg(unix)]
fn path_of(address: &std::os::unix::net::SocketAddr) -> Address {
    Address::Path(address.as_pathname().map(Into::into))
}
