//! The task: what comes is sent back. A future with a name, so that a `static` can hold it.

use core::task::{Context, Poll, ready};

use super::driver::{Port, Serial};

pub(crate) struct Echo {
    /// A byte is on its way back.
    is_sending: bool,
}

impl Echo {
    /// A task that has not begun, for static storage.
    pub(crate) const fn new() -> Self {
        Self { is_sending: false }
    }

    /// As `Future::poll`. It never ends.
    pub(crate) fn poll(&mut self, serial: &Serial, port: &impl Port, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if !self.is_sending {
                port.transmit(ready!(serial.poll_read(port, context)));
                self.is_sending = true;
            }
            ready!(serial.poll_idle(port, context));
            self.is_sending = false;
        }
    }
}
