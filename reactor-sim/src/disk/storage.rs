//! The disks of all machines, and the operations that are under way on them.
//!
//! An operation is submitted with all that it needs, takes a while, and is done at one moment, whether anybody waits for it then
//! or not. Those of one open file are done in the order in which they were submitted, apart from reads and writes that say
//! where they go; all others overtake each other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::path::PathBuf;
use std::task::Waker;
use std::time::Duration;

use reveille_executor::{Choose, Hint, Kind, Point};

use super::errors::gone;
use super::{Damage, Disk, Operation, Outcome};
use crate::Instant;
use crate::fault::{CRASH, Fault, Faults, FaultyFiles, Strikes};
use crate::files::{FileId, Files};
use crate::kernel::Wakers;
use crate::net::{NodeId, Paths};
use crate::slab::{Key, Slab};

/// How long an operation takes: from a menu of three, its usual time, twice as long, ten times as long.
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::Instant;
/// use reveille_reactor::disk::{DURATION, Operation, Storage};
/// use reveille_reactor::net::NodeId;
///
/// /// Whatever is asked of a disk takes as long as it may.
/// struct SlowDisks;
/// impl Choose for SlowDisks {
///     fn choose(&mut self, point: Point<'_>) -> u32 {
///         if point.kind == DURATION { point.bound - 1 } else { 0 }
///     }
/// }
///
/// let mut storage = Storage::default();
/// storage.submit(Instant::ZERO, NodeId::default(), Operation::CreateDir("/logs".into()), &mut SlowDisks);
/// assert_eq!(storage.next_event(), Some(Instant::ZERO + Duration::from_micros(200))); // ten times 20
/// ```
pub const DURATION: Kind = Kind::new(b'g');

const MULTIPLES: [u32; 3] = [1, 2, 10];
/// What is answered from memory takes so long,
const USUAL: Duration = Duration::from_micros(20);
/// and what has to reach the disk so long.
const SYNC: Duration = Duration::from_millis(1);

/// Names an operation that was submitted.
///
/// ```
/// use reveille_reactor::Instant;
/// use reveille_reactor::disk::{Operation, Storage};
/// use reveille_reactor::fault::{Faults, Strikes};
/// use reveille_reactor::net::NodeId;
#[doc = include_str!("../../doc/dullest.txt")]
/// let mut storage = Storage::default();
/// let asked = storage.submit(Instant::ZERO, NodeId::default(), Operation::CreateDir("/logs".into()), &mut Dullest);
/// assert!(storage.take(asked).is_none()); // not done yet
/// storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
/// assert!(storage.take(asked).unwrap().is_ok());
/// assert!(storage.take(asked).unwrap().is_err()); // its outcome was taken: it names nothing any more
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(Key);

/// All disks. One is there as soon as it is asked for.
///
/// ```
/// use reveille_executor::{Choose, Point};
/// use reveille_reactor::Instant;
/// use reveille_reactor::disk::{Operation, Outcome, Storage};
/// use reveille_reactor::fault::{Faults, Strikes};
/// use reveille_reactor::net::NodeId;
///
/// # struct Dullest;
/// # impl Choose for Dullest {
/// #     fn choose(&mut self, _: Point<'_>) -> u32 {
/// #         0
/// #     }
/// # }
/// let (mut storage, here) = (Storage::default(), NodeId::default());
/// let operation = storage.submit(Instant::ZERO, here, Operation::ReadDir("/".into()), &mut Dullest);
/// let due = storage.next_event().expect("it is under way");
/// assert!(!storage.is_done(operation));
/// storage.advance(due, &Faults::default(), &mut Dullest, &Strikes::default());
/// let Some(Ok(Outcome::Entries(entries))) = storage.take(operation) else { panic!("it is done") };
/// assert!(entries.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Storage {
    machines: BTreeMap<NodeId, Machine>,
    operations: Slab<UnderWay>,
    due: BinaryHeap<Reverse<(Instant, u64, Key)>>,
    submitted: u64,
    out: Wakers,
    /// The next write that meets the faults of a full disk fails.
    is_brimming: bool,
    /// What was done, in words, if somebody wants to know.
    told: Option<Vec<String>>,
}

#[derive(Debug, Default)]
struct Machine {
    disk: Disk,
    files: BTreeMap<FileId, OpenFile>,
    is_stalled: bool,
    /// What is due on a disk that is stalled.
    held: Vec<Key>,
}

#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    /// When the last of the operations in order will be done.
    busy_until: Instant,
    under_way: u32,
    /// It is closed with the last of them.
    is_closing: bool,
}

#[derive(Debug)]
struct UnderWay {
    node: NodeId,
    begun: Instant,
    operation: Operation,
    result: Option<io::Result<Outcome>>,
    waiter: Option<Waker>,
    /// Nobody will ask for the result.
    is_abandoned: bool,
}

impl Storage {
    /// Begins `operation` on the disk of `node`. How long it takes is a choice.
    pub fn submit(&mut self, now: Instant, node: NodeId, operation: Operation, choose: &mut dyn Choose) -> OperationId {
        let hint = Hint::Rarely { numerator: 1, denominator: 4 };
        let index = choose.choose(Point { kind: DURATION, bound: MULTIPLES.len() as u32, hint });
        let usual = if matches!(operation, Operation::Sync(_)) { SYNC } else { USUAL };
        let mut due = now + usual * MULTIPLES.get(index as usize).copied().unwrap_or(1);
        let machine = self.machines.entry(node).or_default();
        if let Some(file) = operation.file().and_then(|file| machine.files.get_mut(&file)) {
            file.under_way += 1;
            if operation.is_in_order() {
                due = due.max(file.busy_until);
                file.busy_until = due;
            }
        }
        let begun = now;
        let under_way = UnderWay { node, begun, operation, result: None, waiter: None, is_abandoned: false };
        let key = self.operations.insert(under_way);
        self.push(due, key);
        OperationId(key)
    }

    fn push(&mut self, due: Instant, key: Key) {
        self.submitted += 1;
        self.due.push(Reverse((due, self.submitted, key)));
    }

    /// When something will be done next; `None` if nothing is under way, or only on disks that are stalled.
    pub fn next_event(&mut self) -> Option<Instant> {
        while let Some(&Reverse((at, _, key))) = self.due.peek() {
            match self.operations.get(key) {
                Some(under_way) if under_way.result.is_none() => {
                    let machine = self.machines.entry(under_way.node).or_default();
                    if !machine.is_stalled {
                        return Some(at);
                    }
                    machine.held.push(key);
                }
                _ => {}
            }
            self.due.pop();
        }
        None
    }

    /// Does everything that is due by `now`, in order. Returns how many operations that were.
    pub fn advance(&mut self, now: Instant, faults: &Faults, choose: &mut dyn Choose, strikes: &Strikes) -> u64 {
        let mut count = 0;
        while self.next_event().is_some_and(|at| at <= now) {
            let Some(Reverse((_, _, key))) = self.due.pop() else { break };
            self.perform(key, faults, choose, strikes);
            count += 1;
        }
        count
    }

    fn perform(&mut self, key: Key, faults: &Faults, choose: &mut dyn Choose, strikes: &Strikes) {
        let told = self.told.is_some().then(|| self.words(key)).flatten();
        let Some(under_way) = self.operations.get_mut(key) else { return };
        let machine = self.machines.entry(under_way.node).or_default();
        let operation = &under_way.operation;
        let result = if faults.is_off() {
            operation.perform(&mut machine.disk)
        } else {
            let is_brimming = &mut self.is_brimming;
            operation.perform(&mut FaultyFiles { disk: &mut machine.disk, choose, faults, strikes, is_brimming })
        };
        if let (Operation::Open(path, _), Ok(Outcome::Opened(file))) = (operation, &result) {
            let busy_until = Instant::ZERO;
            let path = path.clone();
            machine
                .files
                .insert(*file, OpenFile { path, busy_until, under_way: 0, is_closing: under_way.is_abandoned });
        }
        let (opened, worked_on) = (opened(&result), operation.file());
        machine.is_done_with(worked_on, opened);
        if let (Some(lines), Some(told)) = (&mut self.told, told) {
            let outcome = result.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
            lines.push(told + &outcome);
        }
        under_way.result = Some(result);
        self.out.wake.extend(under_way.waiter.take());
        if under_way.is_abandoned {
            self.operations.remove(key);
        }
    }

    /// Whether an operation is done; also if nobody knows of it any more.
    #[must_use]
    pub fn is_done(&self, operation: OperationId) -> bool {
        self.operations.get(operation.0).is_none_or(|under_way| under_way.result.is_some())
    }

    /// Takes what came of an operation; `None` if it is not done.
    ///
    /// # Errors
    /// Within: those of the call, and one for a node that crashed meanwhile.
    pub fn take(&mut self, operation: OperationId) -> Option<io::Result<Outcome>> {
        let result = match self.operations.get_mut(operation.0) {
            Some(under_way) => under_way.result.take()?,
            None => Err(gone()),
        };
        let waiter = self.operations.remove(operation.0).and_then(|under_way| under_way.waiter);
        self.out.discard.extend(waiter);
        Some(result)
    }

    /// Whether a waker that will do as well as `waker` waits already; then none need be cloned.
    ///
    /// ```
    /// use std::task::Waker;
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Storage};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let (mut storage, waker) = (Storage::default(), Waker::noop());
    /// let asked = storage.submit(Instant::ZERO, NodeId::default(), Operation::ReadDir("/".into()), &mut Dullest);
    /// assert!(!storage.is_waiting(asked, waker));
    /// storage.wait(asked, waker.clone());
    /// assert!(storage.is_waiting(asked, waker));
    /// ```
    #[must_use]
    pub fn is_waiting(&self, operation: OperationId, waker: &Waker) -> bool {
        let waiter = self.operations.get(operation.0).and_then(|under_way| under_way.waiter.as_ref());
        waiter.is_some_and(|waiter| waiter.will_wake(waker))
    }

    /// Leaves `waker` to be woken when the operation is done.
    pub fn wait(&mut self, operation: OperationId, waker: Waker) {
        match self.operations.get_mut(operation.0) {
            Some(under_way) if under_way.result.is_none() => {
                self.out.discard.extend(under_way.waiter.replace(waker));
            }
            _ => self.out.wake.push(waker),
        }
    }

    /// Nobody will ask what came of an operation. It is done all the same; a file that it opens is closed again.
    pub fn abandon(&mut self, operation: OperationId) {
        let Some(under_way) = self.operations.get_mut(operation.0) else { return };
        self.out.discard.extend(under_way.waiter.take());
        under_way.is_abandoned = true;
        let (node, opened) = (under_way.node, under_way.result.as_ref().and_then(opened));
        if under_way.result.is_some() {
            self.operations.remove(operation.0);
        }
        if let Some(file) = opened {
            self.close(node, file);
        }
    }

    /// Closes a file once all that was asked of it is done.
    pub fn close(&mut self, node: NodeId, file: FileId) {
        let Some(machine) = self.machines.get_mut(&node) else { return };
        if let Some(open) = machine.files.get_mut(&file) {
            open.is_closing = true;
            machine.close_if_idle(file);
        }
    }

    /// The machine `node` loses its power and comes up again: what is under way there is not done, and what `choose` says is
    /// left of the rest; see [`Disk::crash`].
    pub fn crash(&mut self, node: NodeId, choose: &mut dyn Choose, strikes: &Strikes) -> Damage {
        let Some(machine) = self.machines.get_mut(&node) else { return Damage::default() };
        machine.files.clear();
        machine.held.clear();
        let damage = machine.disk.crash(&mut |bound| choose.decide(Point::new(CRASH, bound)));
        for (fault, count) in
            [(Fault::WritesLost, damage.lost), (Fault::SectorsTorn, damage.torn), (Fault::NameUndone, damage.undone)]
        {
            (0..count).for_each(|_| strikes.note(fault));
        }
        for key in self.operations.keys() {
            let Some(under_way) = self.operations.get_mut(key).filter(|under_way| under_way.node == node) else {
                continue;
            };
            under_way.result = Some(Err(gone()));
            self.out.wake.extend(under_way.waiter.take());
            if under_way.is_abandoned {
                self.operations.remove(key);
            }
        }
        damage
    }

    /// The disk of `node`, as those see it who bind sockets to its paths. What they do takes no time.
    ///
    /// ```
    /// use std::path::Path;
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Outcome, Storage};
    /// use reveille_reactor::fault::{Faults, Strikes};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let (mut storage, here) = (Storage::default(), NodeId::default());
    /// storage.paths(here).make_socket(Path::new("/app.sock"))?;
    ///
    /// let asked = storage.submit(Instant::ZERO, here, Operation::ReadDir("/".into()), &mut Dullest);
    /// storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
    /// let Outcome::Entries(entries) = storage.take(asked).unwrap()? else { panic!("names were asked for") };
    /// assert!(entries[0].name == "app.sock" && entries[0].file_type.is_socket());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn paths(&mut self, node: NodeId) -> &mut dyn Paths {
        &mut self.machines.entry(node).or_default().disk
    }

    /// Lets nothing be done on the disk of `node` until it is [released](Self::release).
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Storage};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let (mut storage, here, later) = (Storage::default(), NodeId::default(), Instant::ZERO + Duration::from_secs(9));
    /// storage.stall(here);
    /// storage.submit(Instant::ZERO, here, Operation::ReadDir("/".into()), &mut Dullest);
    /// assert_eq!(storage.next_event(), None);
    /// storage.release(later, here);
    /// assert_eq!(storage.next_event(), Some(later));
    /// ```
    pub fn stall(&mut self, node: NodeId) {
        self.machines.entry(node).or_default().is_stalled = true;
    }

    /// Undoes [`stall`](Self::stall): what is late is done `now`.
    pub fn release(&mut self, now: Instant, node: NodeId) {
        let machine = self.machines.entry(node).or_default();
        machine.is_stalled = false;
        for key in std::mem::take(&mut machine.held) {
            self.push(now, key);
        }
    }

    /// [Releases](Self::release) every disk.
    pub fn heal(&mut self, now: Instant) {
        let nodes: Vec<_> = self.machines.keys().copied().collect();
        nodes.into_iter().for_each(|node| self.release(now, node));
        self.is_brimming = false;
    }

    /// Sets how many bytes fit on the disk of `node`.
    pub fn set_capacity(&mut self, node: NodeId, bytes: u64) {
        self.machines.entry(node).or_default().disk.set_capacity(bytes);
    }

    /// The operation in words, with the name that its file was opened under.
    ///
    /// ```
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Storage};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let (mut storage, here) = (Storage::default(), NodeId::default());
    /// storage.stall(here);
    /// let asked = storage.submit(Instant::ZERO, here, Operation::CreateDir("/logs".into()), &mut Dullest);
    /// let words = "`create directory /logs`, asked for at 0ns, on a disk that is stalled";
    /// assert_eq!(storage.describe(asked).as_deref(), Some(words));
    /// ```
    #[must_use]
    pub fn describe(&self, operation: OperationId) -> Option<String> {
        let under_way = self.operations.get(operation.0)?;
        let is_stalled = self.machines.get(&under_way.node).is_some_and(|machine| machine.is_stalled);
        let stalled = if is_stalled { ", on a disk that is stalled" } else { "" };
        Some(format!("`{}`, asked for at {}{stalled}", self.words(operation.0)?.replace('`', ""), under_way.begun))
    }

    fn words(&self, key: Key) -> Option<String> {
        let under_way = self.operations.get(key)?;
        let path = |file| Some(self.machines.get(&under_way.node)?.files.get(&file)?.path.display());
        Some(match under_way.operation.file() {
            None => under_way.operation.to_string(),
            Some(file) => match path(file) {
                Some(path) => format!("{} `{path}`", under_way.operation),
                None => format!("{} a file that is gone", under_way.operation),
            },
        })
    }

    /// Whether what is done is told from now on; see [`take_told`](Self::take_told).
    pub fn tell(&mut self, on: bool) {
        self.told = on.then(Vec::new);
    }

    /// What was done since this was last asked, in words.
    ///
    /// ```
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Storage};
    /// use reveille_reactor::fault::{Faults, Strikes};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let mut storage = Storage::default();
    /// storage.tell(true);
    /// storage.submit(Instant::ZERO, NodeId::default(), Operation::RemoveDir("/logs".into()), &mut Dullest);
    /// storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
    /// assert_eq!(storage.take_told(), ["remove directory `/logs`: entity not found"]);
    /// assert!(storage.take_told().is_empty()); // nothing since
    /// ```
    pub fn take_told(&mut self) -> Vec<String> {
        self.told.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many operations are under way, or done and not yet taken.
    ///
    /// ```
    /// use reveille_reactor::Instant;
    /// use reveille_reactor::disk::{Operation, Storage};
    /// use reveille_reactor::fault::{Faults, Strikes};
    /// use reveille_reactor::net::NodeId;
    #[doc = include_str!("../../doc/dullest.txt")]
    /// let mut storage = Storage::default();
    /// let asked = storage.submit(Instant::ZERO, NodeId::default(), Operation::ReadDir("/".into()), &mut Dullest);
    /// storage.advance(Instant::MAX, &Faults::OFF, &mut Dullest, &Strikes::default());
    /// assert_eq!(storage.operations(), 1); // done, and not taken
    /// storage.abandon(asked);
    /// assert_eq!(storage.operations(), 0);
    /// ```
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// How many files are open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.machines.values().map(|machine| machine.files.len()).sum()
    }

    /// The wakers to be woken and dropped, outside of every borrow.
    pub fn take_wakers(&mut self) -> Wakers {
        std::mem::take(&mut self.out)
    }

    /// Makes all disks empty, and hands out the wakers that were waiting, to be dropped.
    pub fn clear(&mut self) -> Wakers {
        let mut out = self.take_wakers();
        for key in self.operations.keys() {
            out.discard.extend(self.operations.remove(key).and_then(|under_way| under_way.waiter));
        }
        out.discard.append(&mut out.wake);
        *self = Self::default();
        out
    }
}

fn opened(result: &io::Result<Outcome>) -> Option<FileId> {
    match result {
        Ok(Outcome::Opened(file)) => Some(*file),
        _ => None,
    }
}

impl Machine {
    /// An operation on `worked_on`, or one that opened a file, is done.
    fn is_done_with(&mut self, worked_on: Option<FileId>, opened: Option<FileId>) {
        if let Some(open) = worked_on.and_then(|file| self.files.get_mut(&file)) {
            open.under_way -= 1;
        }
        for file in worked_on.into_iter().chain(opened) {
            self.close_if_idle(file);
        }
    }

    fn close_if_idle(&mut self, file: FileId) {
        if self.files.get(&file).is_some_and(|open| open.is_closing && open.under_way == 0) {
            self.files.remove(&file);
            self.disk.close(file);
        }
    }
}
