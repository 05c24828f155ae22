//! What lies between two nodes in the comparisons of networks: a wire that does what bytes say, and tells.

use reveille_reactor::net::{Fabric, Fate, Packet, Verdict};

use super::Bytes;

/// Decides from bytes what becomes of packets, and remembers it for the model.
#[derive(Debug)]
pub(super) struct Wire<'a, 'b> {
    pub(super) bytes: &'a mut Bytes<'b>,
    pub(super) carried: Vec<Verdict>,
}

impl<'a, 'b> Wire<'a, 'b> {
    pub(super) fn new(bytes: &'a mut Bytes<'b>) -> Self {
        Self { bytes, carried: Vec::new() }
    }
}

impl Fabric for Wire<'_, '_> {
    fn carry(&mut self, packet: &Packet) -> Verdict {
        let delay = packet.latency * [1, 2, 10][self.bytes.below(3)];
        let fate = [Fate::Arrives, Fate::Arrives, Fate::Lost, Fate::Twice][self.bytes.below(4)];
        let verdict = Verdict { delay, fate };
        self.carried.push(verdict);
        verdict
    }
}
