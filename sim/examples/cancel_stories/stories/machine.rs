//! A state machine takes its state out of a mutex, awaits, and puts it back.

use std::rc::Rc;

use reveille::cancel::audit;
use reveille::time::{Duration, sleep};
use tokio::sync::Mutex;

use super::Told;

type Machine = Rc<Mutex<Option<Vec<u32>>>>;

fn machine() -> Machine {
    Machine::new(Mutex::new(Some(Vec::new())))
}

async fn work() -> u32 {
    sleep(Duration::from_secs(1)).await;
    7
}

/// Who is cut takes the state along, and there is `None` for the next.
pub(crate) fn broken() -> Told {
    let taken_out = audit(|machine: Machine| async move {
        let mut state = machine.lock().await.take().expect("somebody has the state");
        state.push(work().await);
        machine.lock().await.replace(state);
    });
    taken_out.name("machine").world(machine).run().into()
}

/// The state stays where it is, under the lock.
pub(crate) fn mended() -> Told {
    let in_place = audit(|machine: Machine| async move {
        let mut state = machine.lock().await;
        let result = work().await;
        state.as_mut().expect("nobody takes it out").push(result);
    });
    in_place.name("machine_mended").world(machine).run().into()
}
