//! Mistakes that are planted in the interpreter.

/// A mistake that the interpreter makes on request: what [`model::check`](super::model::check) is tested with.
///
/// ```
/// use reveille_properties::program::{Defect, Interpreter, Program, Step, model};
///
/// let interpreter = Interpreter { defect: Some(Defect::LostUpdate), ..Interpreter::default() };
/// let twice = Program { tasks: vec![vec![Step::Increment(0)]; 2] };
/// let judged = reveille::explore().run(move || {
///     let (interpreter, program) = (interpreter.clone(), twice.clone());
///     async move {
///         let outcome = interpreter.perform(program.clone()).await;
///         model::check(&program, &outcome)
///     }
/// });
/// assert!(judged.unwrap_err().to_string().contains("counter 0 is 1, increased 2 times"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Counters are increased without their lock.
    LostUpdate,
    /// Waiting for a task does not wait.
    EarlyJoin,
    /// An aborted task is said to be cancelled, and runs on.
    AbortForgotten,
    /// Dropping a handle aborts the task.
    DetachAborts,
    /// Time is never up.
    NoTimeout,
    /// The loser of a select goes on in a task of its own.
    LoserRunsOn,
    /// The loser of a select is dropped though it is to be kept.
    KeptLoserDropped,
    /// The last of several futures is forgotten.
    UnorderedShort,
    /// All futures are under way at once, whatever the bound.
    BufferedAll,
    /// What does not fit into the narrow channel is thrown away.
    SendDropped,
    /// What is sent through the wide channel comes twice now and then: when it is divisible by four.
    PostTwice,
    /// A permit is not waited for.
    Overadmitted,
    /// The last byte of a stream is lost.
    StreamCut,
    /// Panics are ignored.
    PanicSwallowed,
    /// Children that are to be tasks of their scope are tasks of nobody.
    ScopeOutlived,
    /// A scope cancels nobody.
    CancelSpares,
    /// A child that panics is waited for by its scope as if it had not; the others go on.
    PanicSpares,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::LostUpdate,
        Self::EarlyJoin,
        Self::AbortForgotten,
        Self::DetachAborts,
        Self::NoTimeout,
        Self::LoserRunsOn,
        Self::KeptLoserDropped,
        Self::UnorderedShort,
        Self::BufferedAll,
        Self::SendDropped,
        Self::PostTwice,
        Self::Overadmitted,
        Self::StreamCut,
        Self::PanicSwallowed,
        Self::ScopeOutlived,
        Self::CancelSpares,
        Self::PanicSpares,
    ];
}
