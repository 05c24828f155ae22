//! Where scripts are played: a kernel, and a way to let things settle.

use reveille_executor::{Choose, Point};
use reveille_reactor::net::{Honest, Net, NodeId};
use reveille_reactor::{Instant, Kernel};

/// A kernel to play on.
pub(crate) trait Stage {
    /// Calls the kernel.
    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R;
    /// Lets arrive what is on its way within the machine.
    fn settle(&mut self);
    /// Lets two seconds pass.
    fn wait(&mut self);
}

/// The simulated kernel, with latencies chosen by a seed.
pub(crate) struct Simulated {
    net: Net,
    node: NodeId,
    now: Instant,
    choose: Seeded,
}

/// A generator good enough to vary latencies: SplitMix64. Seed 0 answers 0.
struct Seeded(u64);

impl Choose for Seeded {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.0 == 0 {
            return 0;
        }
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(point.bound)) as u32
    }
}

impl Simulated {
    pub(crate) fn new(seed: u64) -> Self {
        let mut net = Net::default();
        let node = net.node("main");
        Self { net, node, now: Instant::ZERO, choose: Seeded(seed) }
    }

    fn pass(&mut self, time: std::time::Duration) {
        let end = self.now + time;
        while let Some(next) = self.net.next_event().filter(|next| *next <= end) {
            self.now = next;
            self.net.advance(next, &mut Honest { choose: &mut self.choose });
        }
        self.now = end;
    }
}

impl Stage for Simulated {
    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R {
        let mut honest = Honest { choose: &mut self.choose };
        call(&mut self.net.calls(self.now, self.node, &mut honest))
    }

    fn settle(&mut self) {
        self.pass(std::time::Duration::from_millis(5));
    }

    fn wait(&mut self) {
        self.pass(std::time::Duration::from_secs(2));
    }
}

/// The operating system's kernel, over loopback.
#[cfg(feature = "os")]
pub(crate) struct Real(pub(crate) reveille_reactor::os::Os);

#[cfg(feature = "os")]
impl Stage for Real {
    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R {
        use reveille_reactor::socket::Handle as _;
        self.0.with(call).expect("the system's kernel is always there")
    }

    fn settle(&mut self) {
        std::thread::sleep(std::time::Duration::from_millis(3));
    }

    fn wait(&mut self) {
        std::thread::sleep(std::time::Duration::from_secs(2));
    }
}
