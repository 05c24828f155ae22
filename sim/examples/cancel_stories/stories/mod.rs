//! Mistakes that people have told of, each in the form that fails and in the form that does not.
//!
//! Most are from the "async vision" stories of the Rust async working group and from the discussions about `select!`; the
//! programs say nothing of cancellation, and what they assert is what their author would.

pub(crate) mod bank;
pub(crate) mod database;
pub(crate) mod frame;
pub(crate) mod lines;
pub(crate) mod machine;
pub(crate) mod next;
pub(crate) mod send;
pub(crate) mod server;

use std::fmt;

use reveille::cancel::Report;
use reveille::{Failure, Passed};

/// What came of a program.
pub(crate) struct Told {
    /// What was found, if anything was.
    pub(crate) failure: Option<Failure>,
    text: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Result<Passed, Failure>> for Told {
    fn from(explored: Result<Passed, Failure>) -> Self {
        match explored {
            Ok(passed) => Self { failure: None, text: passed.to_string() },
            Err(failure) => Self { text: failure.to_string(), failure: Some(failure) },
        }
    }
}

impl From<Result<Report, Failure>> for Told {
    fn from(audited: Result<Report, Failure>) -> Self {
        match audited {
            Ok(report) => Self { text: report.to_string(), failure: report.failure().cloned() },
            Err(failure) => Self { text: failure.to_string(), failure: Some(failure) },
        }
    }
}
