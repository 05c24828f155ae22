//! Where scripts are played: a kernel, a directory, and a way to let things settle.

use std::io;
use std::path::{Path, PathBuf};

use reveille_executor::{Choose, Kind, Point};
use reveille_reactor::disk::Disk;
use reveille_reactor::net::{Honest, Net, NodeId};
use reveille_reactor::{Files as _, Instant, Kernel, OpenHow};

use crate::several::Racer;

/// What streams are of.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    Tcp,
    Unix,
}

/// A kernel to play on.
pub(crate) trait Stage {
    /// Of which family a pair is, in scripts that are played with both.
    fn family(&self) -> Family;
    /// Calls the kernel.
    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R;
    /// Lets arrive what is on its way within the machine.
    fn settle(&mut self);
    /// Lets two seconds pass.
    fn wait(&mut self);
    /// Makes two calls in either order, with anything between them.
    fn race(&mut self, racers: [Racer; 2]) -> [String; 2];
    /// Where files called `name` are.
    fn path(&mut self, name: &str) -> PathBuf;
    /// Makes an empty file.
    fn make_file(&mut self, path: &Path) -> io::Result<()>;
    fn remove_file(&mut self, path: &Path) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Whether there is a socket at `path`.
    fn is_socket(&mut self, path: &Path) -> io::Result<bool>;
}

/// The simulated kernel, with latencies chosen by a seed.
pub(crate) struct Simulated {
    net: Net,
    disk: Disk,
    node: NodeId,
    now: Instant,
    choose: Seeded,
    family: Family,
}

/// Who comes first.
const RACE: Kind = Kind::new(b'r');

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
        Self::of(Family::Tcp, seed)
    }

    pub(crate) fn of(family: Family, seed: u64) -> Self {
        let mut net = Net::default();
        let node = net.node("main");
        Self { net, disk: Disk::default(), node, now: Instant::ZERO, choose: Seeded(seed), family }
    }

    fn ask(&mut self, bound: u32) -> u32 {
        self.choose.choose(Point::new(RACE, bound))
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
    fn family(&self) -> Family {
        self.family
    }

    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R {
        let mut honest = Honest { choose: &mut self.choose };
        call(&mut self.net.calls(self.now, self.node, &mut honest).with_paths(&mut self.disk))
    }

    fn settle(&mut self) {
        self.pass(std::time::Duration::from_millis(5));
    }

    fn wait(&mut self) {
        self.pass(std::time::Duration::from_secs(2));
    }

    fn race(&mut self, [one, other]: [Racer; 2]) -> [String; 2] {
        let (is_turned, time_passes) = (self.ask(2) == 1, self.ask(2) == 1);
        let (first, second) = if is_turned { (other, one) } else { (one, other) };
        let first = self.call(first);
        if time_passes {
            self.settle();
        }
        let second = self.call(second);
        if is_turned { [second, first] } else { [first, second] }
    }

    fn path(&mut self, name: &str) -> PathBuf {
        Path::new("/").join(name)
    }

    fn make_file(&mut self, path: &Path) -> io::Result<()> {
        let file = self.disk.open(path, OpenHow::CREATE)?;
        self.disk.close(file);
        Ok(())
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn is_socket(&mut self, path: &Path) -> io::Result<bool> {
        self.disk.metadata(path).map(|metadata| metadata.file_type().is_socket())
    }
}

/// The operating system's kernel, over loopback, with a directory of its own.
#[cfg(all(feature = "os", unix))]
pub(crate) struct Real {
    os: reveille_reactor::os::Os,
    directory: PathBuf,
    /// Whether the second of two who race was started first.
    is_turned: bool,
    family: Family,
}

#[cfg(all(feature = "os", unix))]
impl Real {
    pub(crate) fn new() -> Self {
        Self::of(Family::Tcp)
    }

    pub(crate) fn of(family: Family) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};

        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("reveille-parity-{}-{number}", std::process::id()));
        std::fs::create_dir(&directory).expect("the directory of a script is made");
        Self { os: reveille_reactor::os::Os::new().expect("a reactor"), directory, is_turned: number % 2 == 1, family }
    }
}

#[cfg(all(feature = "os", unix))]
impl Drop for Real {
    fn drop(&mut self) {
        // What stays behind is a matter of the directory for such things.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[cfg(all(feature = "os", unix))]
impl Stage for Real {
    fn family(&self) -> Family {
        self.family
    }

    fn call<R>(&mut self, call: impl FnOnce(&mut dyn Kernel) -> R) -> R {
        use reveille_reactor::socket::Handle as _;
        self.os.with(call).expect("the system's kernel is always there")
    }

    fn settle(&mut self) {
        std::thread::sleep(std::time::Duration::from_millis(3));
    }

    fn wait(&mut self) {
        std::thread::sleep(std::time::Duration::from_secs(2));
    }

    fn race(&mut self, [one, other]: [Racer; 2]) -> [String; 2] {
        use reveille_reactor::socket::Handle as _;

        let barrier = std::sync::Barrier::new(2);
        let run = |racer: Racer, os: reveille_reactor::os::Os| {
            barrier.wait();
            os.with(racer).expect("the system's kernel is always there")
        };
        // Who is started last is often first: by turns each of them is.
        self.is_turned = !self.is_turned;
        let (first, second) = if self.is_turned { (other, one) } else { (one, other) };
        let (first, second) = std::thread::scope(|scope| {
            let thread = scope.spawn(|| run(first, self.os.clone()));
            let second = run(second, self.os.clone());
            (thread.join().expect("the racer has not panicked"), second)
        });
        if self.is_turned { [second, first] } else { [first, second] }
    }

    fn path(&mut self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn make_file(&mut self, path: &Path) -> io::Result<()> {
        std::fs::write(path, "")
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn is_socket(&mut self, path: &Path) -> io::Result<bool> {
        use std::os::unix::fs::FileTypeExt as _;
        std::fs::metadata(path).map(|metadata| metadata.file_type().is_socket())
    }
}
