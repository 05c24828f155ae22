//! All that the firmware keeps, as one value.

use core::task::{Context, Poll};
use std::sync::Mutex;

use super::driver::{Port, Serial};
use super::echo::Echo;
use super::program::Mistake;

pub(crate) struct Board<P> {
    pub(crate) serial: Serial,
    pub(crate) port: P,
    /// The state of the task. Locked by whoever polls it, which is always one; a device has a critical section here.
    echo: Mutex<Echo>,
}

impl<P: Port> Board<P> {
    pub(crate) const fn new(port: P, mistake: Mistake) -> Self {
        Self { serial: Serial::new(mistake), port, echo: Mutex::new(Echo::new()) }
    }

    /// Polls the task.
    pub(crate) fn poll_echo(&self, context: &mut Context<'_>) -> Poll<()> {
        self.echo.lock().expect("no poll has panicked").poll(&self.serial, &self.port, context)
    }
}
