//! The simulated device: a line on which bytes come and go, and interrupts that strike between polls, and within them.

use std::cell::{Cell, RefCell};

use reveille::choose;
use tokio::sync::Notify;

use super::driver::{Port, Serial};

pub(crate) struct Line {
    /// How many bytes have come, of how many. The bytes are numbers.
    come: Cell<u8>,
    of: u8,
    /// Whoever types waits for the echo of each byte before the next one.
    is_patient: bool,
    /// The byte that is being sent.
    sending: Cell<Option<u8>>,
    /// What has been sent.
    echoed: RefCell<Vec<u8>>,
    /// A byte has been sent, or lost.
    progress: Notify,
}

impl Line {
    pub(crate) fn new(of: u8, is_patient: bool) -> Self {
        let (come, sending, echoed) = (Cell::new(0), Cell::new(None), RefCell::default());
        Self { come, of, is_patient, sending, echoed, progress: Notify::new() }
    }

    /// A byte comes, if it is time for one and any are left.
    pub(crate) fn receive(&self, serial: &Serial) {
        let byte = self.come.get();
        let is_time = !self.is_patient || self.echoed.borrow().len() == usize::from(byte);
        if is_time && byte < self.of {
            self.come.set(byte + 1);
            serial.on_received(byte);
            self.progress.notify_one();
        }
    }

    /// A byte has been sent, if there was one.
    pub(crate) fn send(&self, serial: &Serial) {
        if let Some(byte) = self.sending.take() {
            self.echoed.borrow_mut().push(byte);
            serial.on_transmitted();
            self.progress.notify_one();
        }
    }

    /// Waits until every byte has come and has been sent back, or was lost. Returns those that came back.
    pub(crate) async fn settled(&self, serial: &Serial) -> Vec<u8> {
        while self.echoed.borrow().len() + serial.overruns() < usize::from(self.of) {
            self.progress.notified().await;
        }
        self.echoed.take()
    }
}

impl Port for Line {
    fn transmit(&self, byte: u8) {
        assert_eq!(self.sending.replace(Some(byte)), None, "the byte before is still on its way");
    }

    fn is_idle(&self) -> bool {
        self.sending.get().is_none()
    }

    /// One interrupt, or none.
    fn interruptible(&self, serial: &Serial) {
        match choose(3) {
            0 => {}
            1 => self.receive(serial),
            _ => self.send(serial),
        }
    }
}
