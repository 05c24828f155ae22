//! What a parent tells a child process to do.

use std::path::PathBuf;

/// The variable that says so.
pub(crate) const VARIABLE: &str = "REVEILLE_CHILD";

/// A child's share of a campaign. As text `<exploration>:<first>:<end>:<file>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which of the program's explorations it is: the hash of its place.
    pub(crate) exploration: u64,
    /// The runs from `first` to before `end`, by their numbers among those of the shard.
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// Where the child says what came of them.
    pub(crate) file: PathBuf,
}

impl Share {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let mut number = |radix| u64::from_str_radix(parts.next()?, radix).ok();
        let (exploration, first, end) = (number(16)?, number(10)?, number(10)?);
        Some(Self { exploration, first, end, file: parts.next().filter(|file| !file.is_empty())?.into() })
    }

    pub(crate) fn to_text(&self) -> String {
        let Self { exploration, first, end, file } = self;
        format!("{exploration:x}:{first}:{end}:{}", file.display())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_was_written() {
        let share = Share { exploration: u64::MAX, first: 0, end: 128, file: "/a folder/with:colons".into() };
        assert_eq!(Share::parse(&share.to_text()), Some(share));
        for text in ["", "1:2:3", "1:2:3:", "x:2:3:f", "1:-2:3:f"] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }
}
