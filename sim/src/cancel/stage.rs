//! The program that an audit runs: a world, the operation under the knife, bystanders, the operation once more.

use std::any::Any;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use reveille_executor::{JoinError, JoinHandle};

use super::cuts::{Moment, Way};
use super::fault::Who;
use super::record::Harm;
use super::reference::Reference;
use super::victim::Victim;
use crate::context;
use crate::finding::TaskInfo;
use crate::run::{Origin, Run};

/// Makes the future of a task from the world.
pub(super) type Make<W, T> = Box<dyn Fn(W) -> Pin<Box<dyn Future<Output = T>>> + Send + Sync>;

/// The task names of an audit, as they stand in reports.
pub(super) const OPERATION: &str = "the operation";
pub(super) const AGAIN: &str = "the operation, again";
pub(super) const KNIFE: &str = "knife";
pub(super) const THEN: &str = "then";

/// The index of the operation's second run among the outcomes; bystanders follow.
pub(super) const ROLE_AGAIN: usize = 0;

/// The parts of an audited program.
pub(super) struct Cast<W, T> {
    pub(super) world: Option<Box<dyn Fn() -> W + Send + Sync>>,
    pub(super) operation: Make<W, T>,
    /// How the outcome of the operation is compared.
    pub(super) key: Box<dyn Fn(&T) -> String + Send + Sync>,
    /// Name and future of each; it yields its outcome.
    pub(super) bystanders: Vec<(String, Make<W, String>)>,
    pub(super) then: Option<Make<W, Result<(), String>>>,
    pub(super) again: bool,
    pub(super) unwinding: bool,
    /// How the others end without the cut. Filled by the reference runs, asked by all others.
    pub(super) reference: Mutex<Reference>,
    /// Where the audit was called.
    pub(super) site: &'static Location<'static>,
}

impl<W: Clone + 'static, T: 'static> Cast<W, T> {
    /// Spawns the program as the root task of `run`.
    pub(super) fn enter(self: &Arc<Self>, run: &Run) -> JoinHandle<Result<(), String>> {
        let cast = Arc::clone(self);
        // A daemon, so that no report speaks of it: all it does is to wait for the others.
        run.spawn(async move { cast.play().await }, Origin { daemon: true, ..Origin::at(self.site) })
    }

    async fn play(&self) -> Result<(), String> {
        let world = self.make_world();
        let victim = Victim::new((self.operation)(world.clone()), self.unwinding);
        let victim = spawn(victim, Origin { audited: true, ..self.origin(OPERATION) });
        let bystanders: Vec<_> =
            self.bystanders.iter().map(|(name, make)| self.spawn(name, make(world.clone()))).collect();
        if is_panic(&join(victim).await) {
            return Ok(());
        }
        if let Some(knife) = context::try_with(|run| run.cancel.knife.take()).flatten()
            && is_panic(&knife.await)
        {
            return Ok(());
        }
        if self.again {
            match self.spawn(AGAIN, (self.operation)(world.clone())).await {
                Ok(output) => self.ended(ROLE_AGAIN, (self.key)(&output)),
                // The panic is the finding, and the end.
                Err(_) => return Ok(()),
            }
        }
        for (nth, bystander) in bystanders.into_iter().enumerate() {
            match bystander.await {
                Ok(outcome) => self.ended(ROLE_AGAIN + 1 + nth, outcome),
                Err(_) => return Ok(()),
            }
        }
        let Some(then) = &self.then else { return Ok(()) };
        self.spawn(THEN, then(world)).await.unwrap_or(Ok(()))
    }

    /// The world of one run. An operation without one takes `()`, which [`audit`](super::audit) has checked.
    fn make_world(&self) -> W {
        match &self.world {
            Some(make) => make(),
            None => no_world().expect("an audit without a world is refused before it starts"),
        }
    }

    fn spawn<F>(&self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn(future, self.origin(name))
    }

    fn origin(&self, name: &str) -> Origin {
        Origin { name: Some(name.to_owned().into()), ..Origin::at(self.site) }
    }

    pub(super) fn reference(&self) -> MutexGuard<'_, Reference> {
        self.reference.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has ended. If something was cut half-way, it has to be in a way that is known.
    fn ended(&self, role: usize, outcome: String) {
        context::try_with(|run| {
            let is_cut = run.cancel.made().is_some_and(|made| made.moment != Moment::BeforeFirstPoll);
            if !is_cut {
                return run.cancel.ended(role, outcome);
            }
            let reference = self.reference();
            if !reference.knows(role, &outcome) {
                let who = match role.checked_sub(ROLE_AGAIN + 1) {
                    None => Who::Again,
                    Some(nth) => Who::Bystander(self.bystanders[nth].0.clone()),
                };
                run.cancel.harmed(Harm::Changed { who, outcome, usual: reference.shown(role) });
            }
        });
    }
}

fn spawn<F>(future: F, origin: Origin) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    context::with("cancel::audit", |run| run.spawn(future, origin))
}

/// Whether `task` is the one that an audit cuts: its report speaks of the cut.
pub(crate) fn is_audited(task: &TaskInfo) -> bool {
    task.name.as_deref() == Some(OPERATION)
}

/// The world of an operation that needs none, if that is what `W` says.
pub(super) fn no_world<W: Clone + 'static>() -> Option<W> {
    (&() as &dyn Any).downcast_ref::<W>().cloned()
}

fn is_panic<T>(result: &Result<T, JoinError>) -> bool {
    result.as_ref().is_err_and(JoinError::is_panic)
}

/// Waits for the end of the victim's task. If it was to be cut when ready, the handle is dropped with the output in it.
async fn join<T>(victim: JoinHandle<T>) -> Result<Option<T>, JoinError> {
    let mut victim = Some(victim);
    std::future::poll_fn(move |context| {
        let Some(handle) = &mut victim else { return Poll::Ready(Ok(None)) };
        if handle.is_finished() && is_to_be_dropped() {
            let handle = victim.take();
            super::record::drop_cancelled(|| drop(handle));
            return Poll::Ready(Ok(None));
        }
        Pin::new(handle).poll(context).map(|result| result.map(Some))
    })
    .await
}

fn is_to_be_dropped() -> bool {
    context::try_with(|run| run.cancel.made())
        .flatten()
        .is_some_and(|made| made.moment == Moment::Ready && made.way == Way::Aborted)
}
