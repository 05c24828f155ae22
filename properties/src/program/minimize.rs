//! Makes a failing program small, where no strategy of proptest stands behind it.

use super::{Program, Step};

/// The smallest program, found by greedy edits, for which `fails` still holds; `program` itself if it does not fail.
///
/// Edits take out a task or a step, put a step's bodies in its place, or turn a number into 0. `fails` is asked a few times
/// as often as the program has steps.
///
/// ```
/// use reveille_properties::program::{Program, Step, Then, minimize};
///
/// let nested = Step::Spawn(Then::Join, vec![Step::Yield, Step::Increment(2), Step::Permit]);
/// let program = Program { tasks: vec![vec![Step::Notified], vec![Step::Sleep(3), nested]] };
/// let increments = |program: &Program| format!("{program:?}").contains("Increment");
/// assert_eq!(minimize(program, increments).tasks, [vec![Step::Increment(0)]]);
/// ```
pub fn minimize(mut program: Program, fails: impl Fn(&Program) -> bool) -> Program {
    let mut edit = 0;
    // Every edit is tried until none is left that keeps the failure; one that does makes the program smaller.
    while let Some(candidate) = edited(&program, edit) {
        let candidate = candidate.tame();
        if measure(&candidate) < measure(&program) && fails(&candidate) {
            program = candidate;
            edit = 0;
        } else {
            edit += 1;
        }
    }
    program
}

/// How large a program is: tasks, steps, then the sum of its numbers.
fn measure(program: &Program) -> (usize, usize, u64) {
    (program.tasks.len(), program.steps(), program.tasks.iter().map(|body| numbers(body)).sum())
}

fn numbers(body: &[Step]) -> u64 {
    let own = |step: &Step| match step {
        Step::Sleep(n) | Step::Increment(n) | Step::Send(n) | Step::Post(n) => u64::from(*n),
        Step::Ask(n) | Step::Stream(n) | Step::Timeout(n, _) | Step::Buffered(n, _) => u64::from(*n),
        Step::Scope { borrowing, cancels, .. } => {
            u64::from(*borrowing) + cancels.map_or(0, |yields| 1 + u64::from(yields))
        }
        _ => 0,
    };
    body.iter().map(|step| own(step) + step.bodies().into_iter().map(|body| numbers(body)).sum::<u64>()).sum()
}

/// The program with the edit of that number made; `None` if there are no more.
fn edited(program: &Program, mut edit: usize) -> Option<Program> {
    let mut edited = program.clone();
    if edit < edited.tasks.len() {
        edited.tasks.remove(edit);
        return Some(edited);
    }
    edit -= edited.tasks.len();
    edited.tasks.iter_mut().any(|body| edit_body(body, &mut edit)).then_some(edited)
}

/// Makes the edit that is `edit` further on, if it is in this body.
fn edit_body(body: &mut Vec<Step>, edit: &mut usize) -> bool {
    const EDITS: usize = 3;
    for at in 0..body.len() {
        if *edit < EDITS {
            match *edit {
                0 => drop(body.remove(at)),
                1 => {
                    let step = body.remove(at);
                    let inner: Vec<Step> = step.bodies().into_iter().flatten().cloned().collect();
                    body.splice(at..at, inner);
                }
                _ => lower(&mut body[at]),
            }
            return true;
        }
        *edit -= EDITS;
        if body[at].bodies_mut().into_iter().any(|body| edit_body(body, edit)) {
            return true;
        }
    }
    false
}

fn lower(step: &mut Step) {
    match step {
        Step::Sleep(n) | Step::Increment(n) | Step::Send(n) | Step::Post(n) | Step::Ask(n) | Step::Stream(n) => *n = 0,
        Step::Timeout(n, _) => *n = 0,
        Step::Scope { cancels: Some(n), .. } if *n > 0 => *n = 0,
        Step::Scope { cancels: cancels @ Some(_), .. } => *cancels = None,
        Step::Scope { borrowing, .. } => *borrowing = 0,
        _ => {}
    }
}
