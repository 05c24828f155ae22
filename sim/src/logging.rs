//! The program's own `tracing` events, printed once: on the replay that is made for a person to read.
//!
//! Deliberately absent: filters, colours, spans as a tree. Who wants those installs a subscriber of their own in the program
//! when [`explaining`](crate::explaining) says so.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, NoSubscriber, Subscriber};
use tracing::{Event, Metadata};

use crate::context;

/// Keeps the events of ordinary runs from a subscriber of the process: there would be thousands of each.
pub(crate) fn mute() -> DefaultGuard {
    tracing::subscriber::set_default(NoSubscriber::new())
}

/// Calls `perform` and prints the events that happen meanwhile on this thread.
pub(crate) fn shown<R>(perform: impl FnOnce() -> R) -> R {
    eprintln!("reveille: the program's events in the failing run:");
    tracing::subscriber::with_default(Printer::default(), perform)
}

/// Prints each event as a line.
#[derive(Default)]
struct Printer {
    spans: AtomicU64,
}

impl Subscriber for Printer {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _attributes: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let stamp = context::try_with(|run| match run.current() {
            Some(task) => format!("{} task {task}", run.clock.now()),
            None => run.clock.now().to_string(),
        });
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        eprintln!("  [{}] {} {}:{}", stamp.unwrap_or_default(), metadata.level(), metadata.target(), line.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// An event's message and fields.
#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
