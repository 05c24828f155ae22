//! The nodes: their names, addresses and ports.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Net, NodeId};
use crate::kernel::SocketId;

/// TCP and UDP ports are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Stream,
    Datagram,
}

/// The ports that are handed out where none was asked for: those of Linux.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[derive(Debug)]
struct Host {
    name: String,
    ports: BTreeMap<(Protocol, u16, IpAddr), SocketId>,
    next_port: u16,
}

/// All nodes.
#[derive(Debug, Default)]
pub(super) struct Hosts(Vec<Host>);

impl Net {
    /// The node called `name`, made if there is none.
    ///
    /// # Panics
    /// With 65,000 nodes.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    ///
    /// let mut net = Net::default();
    /// let db = net.node("db");
    /// assert_ne!(net.node("web"), db);
    /// assert_eq!(net.node("db"), db); // not another one
    /// ```
    pub fn node(&mut self, name: &str) -> NodeId {
        self.hosts.find(name).unwrap_or_else(|| self.hosts.add(name))
    }

    /// The name of a node.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    ///
    /// let mut net = Net::default();
    /// let db = net.node("db");
    /// assert_eq!(net.name(db), "db");
    /// ```
    #[must_use]
    pub fn name(&self, node: NodeId) -> &str {
        self.hosts.name(node)
    }

    /// How many nodes there are.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    ///
    /// let mut net = Net::default();
    /// for name in ["main", "db", "main"] {
    ///     net.node(name);
    /// }
    /// assert_eq!(net.nodes(), 2);
    /// ```
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.hosts.count()
    }

    /// All nodes, in the order in which they were made.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    ///
    /// let mut net = Net::default();
    /// for name in ["main", "db", "db"] {
    ///     net.node(name);
    /// }
    /// assert_eq!(net.nodes(), 2);
    /// assert_eq!(net.all().map(|node| net.name(node)).collect::<Vec<_>>(), ["main", "db"]);
    /// ```
    pub fn all(&self) -> impl Iterator<Item = NodeId> {
        // There are at most 65,000.
        (0..self.nodes()).map(|number| NodeId(number as u16))
    }

    /// The address of a node: 10.0.0.1 for the first, and so on.
    ///
    /// ```
    /// use reveille_reactor::net::Net;
    ///
    /// let mut net = Net::default();
    /// net.node("main");
    /// assert_eq!(Net::address(net.node("db")).to_string(), "10.0.0.2");
    /// ```
    #[must_use]
    pub fn address(node: NodeId) -> IpAddr {
        Hosts::address(node)
    }
}

impl Hosts {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn find(&self, name: &str) -> Option<NodeId> {
        self.0.iter().position(|host| host.name == name).map(|index| NodeId(index as u16))
    }

    /// Adds a node.
    ///
    /// # Panics
    /// With 65,000 nodes.
    pub(super) fn add(&mut self, name: &str) -> NodeId {
        assert!(self.0.len() < 65_000, "a run has at most 65,000 nodes");
        self.0.push(Host { name: name.to_owned(), ports: BTreeMap::new(), next_port: *EPHEMERAL.start() });
        NodeId((self.0.len() - 1) as u16)
    }

    pub(super) fn name(&self, node: NodeId) -> &str {
        self.0.get(node.index()).map_or("?", |host| &host.name)
    }

    /// The address of a node: 10.0.0.1 for the first, and so on.
    pub(super) fn address(node: NodeId) -> IpAddr {
        let number = u32::from(node.0) + 1;
        let [_, a, b, c] = number.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(10, a, b, c))
    }

    /// The node that `from` reaches under `address`.
    pub(super) fn reached(&self, from: NodeId, address: IpAddr) -> Option<NodeId> {
        if address.is_loopback() || address.is_unspecified() {
            return Some(from);
        }
        let IpAddr::V4(address) = address else { return None };
        let [ten, a, b, c] = address.octets();
        let index = u32::from_be_bytes([0, a, b, c]).checked_sub(1)?;
        (ten == 10 && (index as usize) < self.0.len()).then_some(NodeId(index as u16))
    }

    /// The address from which `from` talks to `to`.
    pub(super) fn source(from: NodeId, to: IpAddr) -> IpAddr {
        match to {
            IpAddr::V4(to) if to.is_loopback() || to.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(to) if to.is_loopback() || to.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => Self::address(from),
        }
    }

    /// Takes a port; port 0 takes a free one. Returns the address with the port that it came to be.
    pub(super) fn bind(
        &mut self,
        node: NodeId,
        protocol: Protocol,
        address: SocketAddr,
        socket: SocketId,
    ) -> io::Result<SocketAddr> {
        let ip = address.ip();
        if !(ip.is_loopback() || ip.is_unspecified() || ip == Self::address(node)) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let host = &mut self.0[node.index()];
        let port = match address.port() {
            0 => host.free_port(protocol)?,
            port if host.taken(protocol, port, ip) => return Err(io::ErrorKind::AddrInUse.into()),
            port => port,
        };
        host.ports.insert((protocol, port, ip), socket);
        Ok(SocketAddr::new(ip, port))
    }

    pub(super) fn release(&mut self, node: NodeId, protocol: Protocol, address: SocketAddr, socket: SocketId) {
        let key = (protocol, address.port(), address.ip());
        if let Some(host) = self.0.get_mut(node.index())
            && host.ports.get(&key) == Some(&socket)
        {
            host.ports.remove(&key);
        }
    }

    /// The socket that is bound to `address` of `node`, on that very address or on all.
    pub(super) fn bound(&self, node: NodeId, protocol: Protocol, address: SocketAddr) -> Option<SocketId> {
        let ports = &self.0.get(node.index())?.ports;
        [address.ip(), ANY, ANY_V6].into_iter().find_map(|ip| ports.get(&(protocol, address.port(), ip)).copied())
    }
}

impl Host {
    /// Whether somebody holds `port` in a way that excludes `ip`.
    fn taken(&self, protocol: Protocol, port: u16, ip: IpAddr) -> bool {
        self.ports
            .range((protocol, port, ANY)..)
            .take_while(|((its_protocol, its_port, _), _)| (*its_protocol, *its_port) == (protocol, port))
            .any(|((_, _, its_ip), _)| *its_ip == ip || its_ip.is_unspecified() || ip.is_unspecified())
    }

    fn free_port(&mut self, protocol: Protocol) -> io::Result<u16> {
        for _ in EPHEMERAL {
            let port = self.next_port;
            self.next_port = if port == *EPHEMERAL.end() { *EPHEMERAL.start() } else { port + 1 };
            if !self.taken(protocol, port, ANY) {
                return Ok(port);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }
}
