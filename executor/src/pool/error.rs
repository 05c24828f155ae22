//! Why there is no pool.

use std::fmt;
use std::io;

use super::idle::WORKERS_MAX;

/// Why a pool could not be made.
///
/// ```
/// use reveille_executor::Pool;
///
/// let error = Pool::new(0).unwrap_err();
/// assert_eq!(error.to_string(), "cannot make a pool of 0 threads: expected 1 to 65535");
/// ```
#[derive(Debug)]
pub struct PoolError {
    threads: usize,
    /// What the operating system said; `None` if it was not asked.
    refused: Option<io::Error>,
}

impl PoolError {
    pub(super) fn number(threads: usize) -> Self {
        Self { threads, refused: None }
    }

    pub(super) fn refused(threads: usize, error: io::Error) -> Self {
        Self { threads, refused: Some(error) }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot make a pool of {} threads: ", self.threads)?;
        match &self.refused {
            Some(error) => write!(f, "{error}"),
            None => write!(f, "expected 1 to {WORKERS_MAX}"),
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.refused.as_ref().map(|error| error as _)
    }
}
