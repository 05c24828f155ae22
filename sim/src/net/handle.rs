//! How a socket finds the network of its run.

use reveille_reactor::Kernel;
use reveille_reactor::socket::{Ambient, Handle};

use crate::context;
use crate::run::{Phase, RunId};

/// The network of a run, as sockets refer to it: by the run's identity, so that they are `Send` and recognise that their
/// run is over.
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    run: RunId,
}

impl Handle for Simulated {
    fn with<R>(&self, call: impl FnOnce(&mut dyn Kernel) -> R) -> Option<R> {
        context::try_with(|run| {
            let alive = run.id() == self.run && run.phase() == Phase::Running;
            if alive { run.network.call(run, call) } else { None }
        })
        .flatten()
    }
}

impl Ambient for Simulated {
    #[track_caller]
    fn current(what: &'static str) -> Self {
        context::with(what, |run| Self { run: run.id() })
    }
}
