//! The programs. Each has a bug that some of its schedules show.

mod buffers;
mod counters;
mod drivers;
mod heldout;
mod locks;
mod orders;

use std::pin::Pin;

use crate::facade::root;
use crate::{Ours, Theirs};

/// A program in the two versions that its one source text becomes.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// As in the literature.
    pub name: &'static str,
    /// How many tasks it has, the root apart.
    pub tasks: usize,
    /// For reveille.
    pub ours: fn() -> Root,
    /// For shuttle.
    pub theirs: fn() -> Root,
}

/// A root future.
pub type Root = Pin<Box<dyn Future<Output = ()>>>;

/// Lists programs: a name, the number of tasks, and the function with its arguments.
macro_rules! programs {
    ($($name:literal $tasks:literal $module:ident::$function:ident($($argument:expr),*);)*) => {
        vec![$(Program {
            name: $name,
            tasks: $tasks,
            ours: || Box::pin(root($module::$function::<Ours>($($argument),*))),
            theirs: || Box::pin(root($module::$function::<Theirs>($($argument),*))),
        }),*]
    };
}

/// The programs of the list.
#[must_use]
pub fn listed() -> Vec<Program> {
    programs! {
        "reorder_3" 3 orders::reorder(2, 1);
        "reorder_4" 4 orders::reorder(3, 1);
        "reorder_5" 5 orders::reorder(4, 1);
        "reorder_10" 10 orders::reorder(9, 1);
        "reorder_20" 20 orders::reorder(10, 10);
        "reorder_50" 50 orders::reorder(40, 10);
        "reorder_100" 100 orders::reorder(99, 1);
        "twostage" 2 orders::twostage(1, 1);
        "twostage_20" 20 orders::twostage(10, 10);
        "twostage_50" 50 orders::twostage(40, 10);
        "twostage_100" 100 orders::twostage(99, 1);
        "wronglock" 8 locks::wronglock(7);
        "wronglock_3" 4 locks::wronglock(3);
        "account" 3 locks::account();
        "lazy01" 3 locks::lazy();
        "deadlock01" 2 locks::deadlock();
        "token_ring" 3 orders::token_ring();
        "stack" 2 buffers::stack(5);
        "bluetooth_driver" 2 drivers::bluetooth();
        "stringbuffer" 2 buffers::string_buffer();
        "boundedBuffer" 4 buffers::bounded_buffer();
        "work-stealing queue" 2 buffers::work_stealing();
        "qsort" 3 drivers::quicksort();
        "uneven_25" 2 orders::uneven(25);
        "lostupd_3x3" 3 counters::lost_updates(3);
        "lostupd_5x5" 5 counters::lost_updates(5);
    }
}

/// Programs on which nothing was tuned.
#[must_use]
pub fn held_out() -> Vec<Program> {
    programs! {
        "all_read_first" 8 heldout::all_read_first(8);
        "reversed" 6 heldout::reversed(6);
        "torn_pair" 4 heldout::torn_pair(3);
        "stale_next" 3 heldout::stale_next();
        "closed_too_soon" 3 heldout::closed_too_soon(6);
        "philosophers" 4 heldout::philosophers(4);
        "late_config" 12 heldout::late_config(10);
        "barrier_reused" 3 heldout::barrier_reused(3);
        "two_leaders" 3 heldout::two_leaders(12);
        "needle" 30 heldout::needle(29);
    }
}

/// Programs without a bug, for speed: so many tasks, each of 100 polls.
#[must_use]
pub fn yielding() -> Vec<Program> {
    programs! {
        "yielding_2" 2 orders::yielding(2);
        "yielding_10" 10 orders::yielding(10);
        "yielding_100" 100 orders::yielding(100);
    }
}
