//! What is explored: a board, and a world that sends it bytes.

use std::future::poll_fn;
use std::rc::Rc;

use reveille::time::{Duration, sleep};
use reveille::{Failure, Passed, choose, explore, sometimes, task};

use super::board::Board;
use super::line::Line;

/// What is wrong with the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    /// A byte that comes between "there is none" and "here is my waker" wakes nobody.
    ChecksThenRegisters,
    /// A byte that comes when the ring is full takes the place of one that nobody has seen.
    Overwrites,
}

/// So many bytes come.
const BYTES: u8 = 8;

/// Explores the driver with this mistake.
pub(crate) fn explored(mistake: Mistake) -> Result<Passed, Failure> {
    explore().name(format!("serial, {mistake:?}")).run(move || program(mistake))
}

/// One run of it. The board is this run's own: in a `static` it would be as the run before has left it.
pub(crate) async fn program(mistake: Mistake) {
    let is_patient = choose(2) == 0;
    let board = Rc::new(Board::new(Line::new(BYTES, is_patient), mistake));
    let echo = board.clone();
    drop(task::Builder::new().name("echo").spawn(poll_fn(move |context| echo.poll_echo(context))));
    drop(task::Builder::new().name("wire").spawn(carry(board.clone())));
    let echoed = board.port.settled(&board.serial).await;
    let lost = board.serial.overruns();
    assert!(echoed.is_sorted_by(|one, next| one < next), "other bytes came back than were sent: {echoed:?}");
    sometimes!(lost > 0, "the ring is full");
    sometimes!(lost == 0, "all come back");
}

/// The other end of the line: what comes, and what it takes off.
async fn carry(board: Rc<Board<Line>>) {
    let Board { serial, port, .. } = &*board;
    // Now and then it takes nothing off, and bytes come in a burst.
    for _ in 0..BYTES {
        sleep(Duration::from_millis([5, 1, 0][choose(3) as usize])).await;
        port.receive(serial);
        if choose(2) == 0 {
            port.send(serial);
        }
    }
    // Time enough for all that is left: two turns for each byte, if it is waited for.
    for _ in 0..2 * BYTES + 2 {
        sleep(Duration::from_millis(1)).await;
        port.receive(serial);
        port.send(serial);
    }
}
