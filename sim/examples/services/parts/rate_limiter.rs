//! A rate limiter: so many requests at once, and then one per interval.
//!
//! The mistake: whoever finds the bucket empty works out how long to wait, waits, and goes ahead. Two that wait at the same
//! time wait for the same token.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use reveille::time::{Duration, Instant, sleep};
use reveille::{JoinSet, choose, explore};

use super::Explored;

/// At most so many requests at once.
const BURST: u32 = 2;
/// A token comes back each time that this has passed.
const INTERVAL: Duration = Duration::from_millis(100);

/// A bucket of tokens.
struct Bucket {
    tokens: Cell<u32>,
    /// When the last token came back.
    filled: Cell<Instant>,
}

impl Bucket {
    fn full() -> Self {
        Self { tokens: Cell::new(BURST), filled: Cell::new(Instant::now()) }
    }

    /// Puts the tokens in that have come back since it was last asked.
    fn refill(&self) {
        while self.filled.get().elapsed() >= INTERVAL {
            self.filled.set(self.filled.get() + INTERVAL);
            self.tokens.set((self.tokens.get() + 1).min(BURST));
        }
    }

    /// Takes a token, or says how long it is until the next one comes.
    fn try_take(&self) -> Result<(), Duration> {
        self.refill();
        match self.tokens.get().checked_sub(1) {
            Some(left) => {
                self.tokens.set(left);
                Ok(())
            }
            None => Err(INTERVAL.saturating_sub(self.filled.get().elapsed())),
        }
    }

    /// Waits for a token that another may have taken by then.
    async fn take_broken(&self) {
        if let Err(wait) = self.try_take() {
            sleep(wait).await;
            self.refill();
            self.tokens.set(self.tokens.get().saturating_sub(1));
        }
    }

    /// Looks again after each wait.
    async fn take(&self) {
        while let Err(wait) = self.try_take() {
            sleep(wait).await;
        }
    }
}

/// The backend that is protected: it counts, and minds.
#[derive(Default)]
struct Backend {
    requests: RefCell<Vec<Instant>>,
}

impl Backend {
    fn request(&self) {
        let mut requests = self.requests.borrow_mut();
        requests.push(Instant::now());
        let recent = requests.iter().rev().take_while(|at| at.elapsed() < INTERVAL).count();
        // What a full bucket allows, and the token that comes back within the interval.
        assert!(recent as u32 <= BURST + 1, "{recent} requests within {INTERVAL:?}");
    }
}

async fn clients(is_broken: bool) {
    let (bucket, backend) = (Rc::new(Bucket::full()), Rc::new(Backend::default()));
    let mut clients = JoinSet::new();
    for _ in 0..6 {
        let (bucket, backend) = (bucket.clone(), backend.clone());
        clients.spawn(async move {
            for _ in 0..3 {
                match is_broken {
                    true => bucket.take_broken().await,
                    false => bucket.take().await,
                }
                backend.request();
                // They are not all equally busy.
                sleep(Duration::from_millis(u64::from(choose(4)) * 50)).await;
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    assert_eq!(backend.requests.borrow().len(), 18, "everyone is served in the end");
}

/// Too many requests at once.
pub(crate) fn broken() -> Explored {
    explore().name("rate limiter, broken").run(|| clients(true))
}

/// Never more than the bucket allows.
pub(crate) fn mended() -> Explored {
    explore().name("rate limiter, mended").run(|| clients(false))
}
