//! The example `serial`: both mistakes of its driver are found, as what they are, the driver without them is clean, and from the
//! interrupt to the echo nothing is allocated.

#![cfg(not(loom))]

use std::future::poll_fn;

use reveille::{FindingKind, explore};
use reveille_executor::{Choose, LocalExecutor, Point};

#[path = "../examples/serial/parts/mod.rs"]
mod parts;

use parts::board::Board;
use parts::firmware::{Counter, echo_from_another_thread};
use parts::program::{Mistake, explored, program};

#[test]
fn an_interrupt_between_the_look_and_the_waker_is_a_lost_wakeup() {
    let failure = explored(Mistake::ChecksThenRegisters).expect_err("the mistake was not found");
    assert_eq!(failure.kind(), Some(FindingKind::LostWakeup), "{failure}");
    let report = failure.to_string();
    assert!(report.contains("task 1 `echo`") && report.contains("examples/serial/parts/driver.rs:"), "{report}");
}

#[test]
fn a_ring_that_overwrites_what_nobody_has_seen() {
    let failure = explored(Mistake::Overwrites).expect_err("the mistake was not found");
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    assert!(failure.to_string().contains("other bytes came back than were sent"), "{failure}");
}

/// That the ring is full in some runs and in some is not is said by `sometimes!`.
#[test]
fn the_driver_as_it_should_be() {
    let passed = explore().runs(10_000).run(|| program(Mistake::None)).expect("it was accused");
    assert!(passed.schedules > 5_000, "{passed}");
}

#[test]
fn the_firmware_echoes_what_comes_from_another_thread() {
    for bytes in [1, 1_000] {
        assert_eq!(echo_from_another_thread(bytes), bytes);
    }
}

/// The next task in the queue.
struct First;

impl Choose for First {
    fn choose(&mut self, _: Point<'_>) -> u32 {
        0
    }
}

#[test]
fn nothing_is_allocated_from_the_interrupt_to_the_echo() {
    static BOARD: Board<Counter> = Board::new(Counter::new(), Mistake::None);
    let executor = LocalExecutor::new();
    // One allocation, once: the cell in which this executor keeps a task. The task's own state is in the `static`.
    drop(executor.spawn(poll_fn(|context| BOARD.poll_echo(context))));
    let run = || {
        while let Some(task) = executor.pick(&mut First) {
            let _ = task.run();
        }
    };
    run();
    let info = allocation_counter::measure(|| {
        for byte in 1..=100 {
            BOARD.serial.on_received(byte);
            run();
        }
    });
    assert_eq!((BOARD.port.sent(), BOARD.port.sum()), (100, 5_050));
    assert_eq!((info.count_total, BOARD.serial.overruns()), (0, 0));
}
