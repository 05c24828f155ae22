//! Where sockets are.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// Where a socket is, as a [`Kernel`](crate::Kernel) has it.
///
/// ```
/// use std::net::SocketAddr;
/// use std::path::Path;
/// use reveille_reactor::Address;
///
/// assert_eq!(Address::from(SocketAddr::from(([10, 0, 0, 1], 80))).to_string(), "10.0.0.1:80");
/// assert_eq!(Address::from(Path::new("/app.sock")).to_string(), "`/app.sock`");
/// assert_eq!(Address::Path(None).to_string(), "a socket without a name");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An address and a port.
    Internet(SocketAddr),
    /// A path of the node. Unix sockets that nobody bound have none.
    Path(Option<Arc<Path>>),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Internet(address)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Path(Some(path.into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address) => address.fmt(f),
            Self::Path(Some(path)) => write!(f, "`{}`", path.display()),
            Self::Path(None) => f.write_str("a socket without a name"),
        }
    }
}
