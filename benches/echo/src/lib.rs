//! What the programs share: how many clients send how many messages of what size, and how that is timed.
//!
//! Each program is given the number of clients, of messages a client, of runs, and of latencies. It performs a few runs more, for the memory and
//! the caches, and prints the nanoseconds of each timed one, per message: one there and back.

use std::time::{Duration, Instant};

/// The size of a message.
pub const BYTES: usize = 64;

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many clients there are, each with a connection.
    pub clients: usize,
    /// How many messages each sends, one after the other's echo.
    pub messages: usize,
    /// How many runs are timed.
    pub runs: usize,
    /// How many different latencies there are: 1 ms, 2 ms and so on.
    pub latencies: usize,
}

impl Load {
    /// As the command line has it: `CLIENTS MESSAGES RUNS LATENCIES`, of which those that are left out are 10, 100, 20 and 1.
    ///
    /// # Panics
    /// If what is given is no number.
    #[must_use]
    pub fn from_args() -> Self {
        let mut args = std::env::args().skip(1);
        let mut number = |usual| args.next().map_or(usual, |arg| arg.parse().expect("CLIENTS MESSAGES RUNS LATENCIES"));
        Self { clients: number(10), messages: number(100), runs: number(20), latencies: number(1) }
    }

    /// The latency between the server and this client.
    #[must_use]
    pub fn latency(&self, client: usize) -> Duration {
        Duration::from_millis(1 + (client % self.latencies) as u64)
    }

    /// How many runs there are in all.
    #[must_use]
    pub fn all_runs(&self) -> usize {
        self.runs + WARM_UP
    }

    /// Prints what each run took, per message, of which these are the beginnings, and the end of the last.
    pub fn print(&self, marks: &[Instant]) {
        for pair in marks.windows(2).skip(WARM_UP) {
            println!("{}", (pair[1] - pair[0]).as_nanos() / (self.clients * self.messages) as u128);
        }
    }

    /// Performs all runs one after the other and prints what each took.
    pub fn time(&self, mut run: impl FnMut(u64)) {
        let mut marks = Vec::with_capacity(self.all_runs() + 1);
        for seed in 1..=self.all_runs() as u64 {
            marks.push(Instant::now());
            run(seed);
        }
        marks.push(Instant::now());
        self.print(&marks);
    }
}

/// So many runs come before those that are timed.
const WARM_UP: usize = 3;
