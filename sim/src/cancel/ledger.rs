//! Conservation: what was issued has to be somewhere.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// Counts what goes in and what comes out: messages, permits, money. Clones are the same ledger.
///
/// ```
/// use reveille::cancel::Ledger;
///
/// let ledger = Ledger::new("messages");
/// ledger.issue(3);
/// ledger.settle(2);
/// assert_eq!(ledger.outstanding(), 1);
/// assert_eq!(
///     ledger.balance().unwrap_err().to_string(),
///     "messages: 3 issued, 2 settled, 0 written off: 1 is missing"
/// );
/// ledger.write_off(1); // the receiver has hung up, and said so
/// ledger.balance().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Ledger(Rc<Books>);

#[derive(Debug)]
struct Books {
    what: &'static str,
    issued: Cell<u64>,
    settled: Cell<u64>,
    written_off: Cell<u64>,
}

impl Ledger {
    /// An empty ledger for `what`, a plural.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self(Rc::new(Books { what, issued: Cell::new(0), settled: Cell::new(0), written_off: Cell::new(0) }))
    }

    /// So many came into being.
    pub fn issue(&self, count: u64) {
        self.0.issued.set(self.0.issued.get() + count);
    }

    /// So many arrived.
    pub fn settle(&self, count: u64) {
        self.0.settled.set(self.0.settled.get() + count);
    }

    /// So many will never arrive, and somebody knows.
    pub fn write_off(&self, count: u64) {
        self.0.written_off.set(self.0.written_off.get() + count);
    }

    /// How many are neither settled nor written off: negative if more arrived than there were.
    #[must_use]
    pub fn outstanding(&self) -> i128 {
        let Books { issued, settled, written_off, .. } = &*self.0;
        i128::from(issued.get()) - i128::from(settled.get()) - i128::from(written_off.get())
    }

    /// Whether everything that was issued has been settled or written off; to be asked when all is done.
    ///
    /// # Errors
    /// If it has not, or if more arrived than there were.
    pub fn balance(&self) -> Result<(), Imbalance> {
        if self.outstanding() == 0 { Ok(()) } else { Err(Imbalance(self.clone())) }
    }
}

/// Something is missing from a [`Ledger`], or there twice.
///
/// ```
/// use reveille::cancel::Ledger;
///
/// let ledger = Ledger::new("letters");
/// ledger.issue(1);
/// ledger.settle(2);
/// assert_eq!(ledger.balance().unwrap_err().to_string(), "letters: 1 issued, 2 settled, 0 written off: 1 too many");
/// ```
#[derive(Clone)]
pub struct Imbalance(Ledger);

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Books { what, issued, settled, written_off } = &*self.0.0;
        let (issued, settled, written_off) = (issued.get(), settled.get(), written_off.get());
        write!(f, "{what}: {issued} issued, {settled} settled, {written_off} written off: ")?;
        match self.0.outstanding() {
            1 => f.write_str("1 is missing"),
            -1 => f.write_str("1 too many"),
            missing if missing > 0 => write!(f, "{missing} are missing"),
            extra => write!(f, "{} too many", -extra),
        }
    }
}

impl fmt::Debug for Imbalance {
    /// The sentence: it is what a failing `unwrap` shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Imbalance {}
