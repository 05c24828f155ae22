//! From what a program writes to addresses.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::kernel::Kernel;

/// What can be used as an address: addresses, `("db", 5432)`, `"db:5432"`, `"127.0.0.1:80"`. Names are looked up in the
/// kernel that the socket belongs to.
///
/// ```
/// use reveille_reactor::net::{Honest, Net};
/// use reveille_reactor::socket::ToSocketAddrs;
/// # use reveille_executor::{Choose, Point};
/// # struct Dullest;
/// # impl Choose for Dullest {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
///
/// let mut net = Net::default();
/// let (here, db) = (net.node("here"), net.node("db"));
/// let mut honest = Honest { choose: &mut Dullest };
/// let mut kernel = net.calls(reveille_reactor::Instant::ZERO, here, &mut honest);
/// assert_eq!("db:5432".to_addresses(&mut kernel)?, [(Net::address(db), 5432).into()]);
/// assert!("db".to_addresses(&mut kernel).is_err()); // no port
/// # std::io::Result::Ok(())
/// ```
pub trait ToSocketAddrs {
    /// The addresses, best first.
    ///
    /// # Errors
    /// If a name is unknown, or the text is none.
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>>;
}

macro_rules! addresses {
    ($($type:ty),*) => {$(
        impl ToSocketAddrs for $type {
            fn to_addresses(&self, _: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)])
            }
        }
    )*};
}

addresses!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToSocketAddrs for (&str, u16) {
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        let (name, port) = *self;
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        Ok(kernel.lookup(name)?.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        (self.0.as_str(), self.1).to_addresses(kernel)
    }
}

impl ToSocketAddrs for str {
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return Ok(vec![address]);
        }
        let parts = self.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse::<u16>().ok()?)));
        match parts {
            Some((name, port)) => (name, port).to_addresses(kernel),
            None => Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("expected an address such as `db:5432`, found `{self}`"),
            )),
        }
    }
}

impl ToSocketAddrs for String {
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        self.as_str().to_addresses(kernel)
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn to_addresses(&self, _: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_vec())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_addresses(&self, kernel: &mut dyn Kernel) -> io::Result<Vec<SocketAddr>> {
        (**self).to_addresses(kernel)
    }
}

/// The first of `addresses` for which `attempt` succeeds, or the last error.
pub(super) fn first<R>(
    addresses: &[SocketAddr],
    mut attempt: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = None;
    for address in addresses {
        match attempt(*address) {
            Ok(result) => return Ok(result),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(no_address))
}

pub(super) fn no_address() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the name has no address")
}
