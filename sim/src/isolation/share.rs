//! What a parent tells a child process to do.

use std::path::PathBuf;

use reveille_executor::TaskId;

use crate::watchdog::PollAt;

/// The variable that says so.
pub(crate) const VARIABLE: &str = "REVEILLE_CHILD";

/// What a child is to do in place of one of the program's explorations. As text `<exploration>:<errand>:<file>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which of the program's explorations it is; see [`exploration`](super::exploration).
    pub(crate) exploration: u64,
    pub(crate) errand: Errand,
    /// Where the child says what came of it.
    pub(crate) file: PathBuf,
}

/// What a child is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To perform the runs from `first` to before `end`, by their numbers among those of the shard. As text
    /// `runs:<first>:<end>`.
    Runs { first: u64, end: u64 },
    /// To find out about a poll that does not return. As text `poll:<seed>:<task>:<step>:<ordinal>`.
    Poll(PollAt),
}

impl Share {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (exploration, rest) = text.split_once(':')?;
        let (errand, rest) = rest.split_once(':')?;
        let (errand, file) = match errand {
            "runs" => {
                let ([first, end], file) = numbers(rest)?;
                (Errand::Runs { first, end }, file)
            }
            "poll" => {
                let ([seed, task, step, ordinal], file) = numbers(rest)?;
                let task = TaskId::new(u32::try_from(task).ok()?);
                (Errand::Poll(PollAt { seed, task, step, ordinal }), file)
            }
            _ => return None,
        };
        let exploration = u64::from_str_radix(exploration, 16).ok()?;
        Some(Self { exploration, errand, file: Some(file).filter(|file| !file.is_empty())?.into() })
    }

    pub(crate) fn to_text(&self) -> String {
        let Self { exploration, errand, file } = self;
        let errand = match errand {
            Errand::Runs { first, end } => format!("runs:{first}:{end}"),
            Errand::Poll(PollAt { seed, task, step, ordinal }) => {
                format!("poll:{seed}:{}:{step}:{ordinal}", task.index())
            }
        };
        format!("{exploration:x}:{errand}:{}", file.display())
    }
}

/// So many numbers, each with a colon behind it, and what follows.
fn numbers<const N: usize>(text: &str) -> Option<([u64; N], &str)> {
    let (mut read, mut rest) = ([0; N], text);
    for number in &mut read {
        let (digits, behind) = rest.split_once(':')?;
        (*number, rest) = (digits.parse().ok()?, behind);
    }
    Some((read, rest))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_was_written() {
        let poll = PollAt { seed: u64::MAX, task: TaskId::new(u32::MAX), step: 7, ordinal: 1 };
        for errand in [Errand::Runs { first: 0, end: 128 }, Errand::Poll(poll)] {
            let share = Share { exploration: u64::MAX, errand, file: "/a folder/with:colons".into() };
            assert_eq!(Share::parse(&share.to_text()), Some(share));
        }
    }

    #[test]
    fn what_a_parent_would_not_write_is_refused() {
        for text in [
            "",
            "1:2:3:f",
            "1:runs:2:3",
            "1:runs:2:3:",
            "x:runs:2:3:f",
            "1:runs:-2:3:f",
            "1:walks:2:3:f",
            "1:poll:2:3:4:f",
            "1:poll:2:4294967296:4:5:f",
        ] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }
}
