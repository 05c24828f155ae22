//! What the environment has to say about a campaign. The only reader of variables that are ours.

use std::time::Duration;

use crate::campaign::Shard;
use crate::isolation::{Share, VARIABLE};
use crate::lanes::Extent;
use crate::tape::Tape;

/// The variables that were set, parsed.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) seed: Option<u64>,
    pub(crate) runs: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) jobs: Option<usize>,
    pub(crate) replay: Option<Tape>,
    /// The name of a strategy.
    pub(crate) strategy: Option<String>,
    pub(crate) shard: Option<Shard>,
    /// Names of freedoms.
    pub(crate) freedoms: Option<String>,
    /// Faults, as [`Explore::faults`](crate::Explore::faults) takes them.
    pub(crate) faults: Option<String>,
    pub(crate) regressions: Keeping,
    /// A tape that does not fit is repeated as far as it does.
    pub(crate) lenient: bool,
    /// How long a poll may take; zero for as long as it likes.
    pub(crate) watchdog: Option<Duration>,
    /// How much of a schedule is shown.
    pub(crate) rows: Extent,
    /// What this process is to perform for its parent.
    pub(crate) share: Option<Share>,
}

/// What is done with failing runs that are kept in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They are repeated, and new ones are added.
    #[default]
    On,
    /// They are repeated.
    Read,
    /// Nothing.
    Off,
}

impl Environment {
    /// Reads the variables through `get`; the error names the variable and what it should have been.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let whole = |name: &str, least: u64, what: &str| match get(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match text.replace('_', "").parse::<u64>() {
                Ok(number) if number >= least => Ok(Some(number)),
                _ => Err(format!(
                    "the environment variable {name} is `{text}`: expected {what}, such as {name}={}",
                    least.max(8)
                )),
            },
        };
        Ok(Self {
            seed: whole("REVEILLE_SEED", 0, "a seed, a whole number")?,
            runs: whole("REVEILLE_RUNS", 1, "a number of runs, at least 1")?,
            time: whole("REVEILLE_SECONDS", 1, "a number of seconds, at least 1")?.map(Duration::from_secs),
            jobs: whole("REVEILLE_JOBS", 1, "a number of threads, at least 1")?
                .map(|jobs| usize::try_from(jobs).unwrap_or(usize::MAX)),
            watchdog: whole("REVEILLE_WATCHDOG", 0, "a number of seconds, or 0 for no watchdog")?.map(Duration::from_secs),
            replay: match get("REVEILLE_REPLAY").filter(|text| !text.is_empty()) {
                Some(text) => {
                    Some(tape(&text).map_err(|error| format!("the environment variable REVEILLE_REPLAY: {error}"))?)
                }
                None => None,
            },
            strategy: get("REVEILLE_STRATEGY").filter(|text| !text.is_empty()),
            shard: match get("REVEILLE_SHARD").filter(|text| !text.is_empty()) {
                Some(text) => Some(shard(&text).ok_or_else(|| {
                    format!(
                        "the environment variable REVEILLE_SHARD is `{text}`: expected a shard and the number of shards, \
                         such as REVEILLE_SHARD=1/4, then 2/4 and so on up to 4/4"
                    )
                })?),
                None => None,
            },
            lenient: match get("REVEILLE_LENIENT").as_deref() {
                None | Some("" | "0") => false,
                Some("1") => true,
                Some(text) => {
                    return Err(format!("the environment variable REVEILLE_LENIENT is `{text}`: expected `1` or `0`"));
                }
            },
            rows: match get("REVEILLE_ROWS").as_deref() {
                None | Some("" | "screen") => Extent::Screen,
                Some("all") => Extent::Whole,
                Some(text) => {
                    return Err(format!("the environment variable REVEILLE_ROWS is `{text}`: expected `all` or `screen`"));
                }
            },
            freedoms: get("REVEILLE_FREEDOMS").filter(|text| !text.is_empty()),
            faults: get("REVEILLE_FAULTS").filter(|text| !text.is_empty()),
            share: match get(VARIABLE).filter(|text| !text.is_empty()) {
                Some(text) => Some(Share::parse(&text).ok_or_else(|| {
                    format!("the environment variable {VARIABLE} is `{text}`: only reveille itself sets it")
                })?),
                None => None,
            },
            regressions: match get("REVEILLE_REGRESSIONS").as_deref() {
                None | Some("" | "on") => Keeping::On,
                Some("read") => Keeping::Read,
                Some("off") => Keeping::Off,
                Some(text) => {
                    return Err(format!(
                        "the environment variable REVEILLE_REGRESSIONS is `{text}`: expected `on`, `read` or `off`"
                    ));
                }
            },
        })
    }
}

/// The shard that `text`, as in `1/4`, is.
fn shard(text: &str) -> Option<Shard> {
    let (nth, of) = text.split_once('/')?;
    Shard::new(nth.parse().ok()?, of.parse().ok()?)
}

/// The tape that `text` is, or that stands in the file it names as `@path`.
pub(crate) fn tape(text: &str) -> Result<Tape, String> {
    let Some(path) = text.strip_prefix('@') else {
        return text.parse().map_err(|error: crate::TapeError| error.to_string());
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("failed to read the tape `{path}`: {error}"))?;
    text.parse().map_err(|error: crate::TapeError| format!("in `{path}`: {error}"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<Environment, String> {
        Environment::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn what_is_set_is_read() {
        assert_eq!(read("REVEILLE_SEED", "7").unwrap().seed, Some(7));
        assert_eq!(read("REVEILLE_RUNS", "1_000").unwrap().runs, Some(1_000));
        assert_eq!(read("REVEILLE_SECONDS", "2").unwrap().time, Some(Duration::from_secs(2)));
        assert_eq!(read("REVEILLE_JOBS", "2").unwrap().jobs, Some(2));
        assert_eq!(read("REVEILLE_RUNS", "").unwrap().runs, None);
        assert_eq!(read("REVEILLE_SHARD", "2/4").unwrap().shard, Shard::new(2, 4));
        assert_eq!(read("REVEILLE_ROWS", "all").unwrap().rows, Extent::Whole);
        assert!(read("REVEILLE_LENIENT", "1").unwrap().lenient && !read("REVEILLE_LENIENT", "0").unwrap().lenient);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in [
            ("REVEILLE_RUNS", "abc"),
            ("REVEILLE_RUNS", "0"),
            ("REVEILLE_JOBS", "-1"),
            ("REVEILLE_SEED", "x"),
            ("REVEILLE_SHARD", "3/2"),
            ("REVEILLE_SHARD", "0/2"),
            ("REVEILLE_SHARD", "1/0"),
            ("REVEILLE_SHARD", "2"),
            ("REVEILLE_LENIENT", "yes"),
            ("REVEILLE_ROWS", "many"),
        ] {
            let error = read(name, value).unwrap_err();
            assert!(
                error.contains(name) && error.contains(&format!("`{value}`")) && error.contains("expected"),
                "{error}"
            );
        }
        assert!(read("REVEILLE_REPLAY", "r1.").unwrap_err().contains("REVEILLE_REPLAY: the tape is cut"));
        assert!(
            read("REVEILLE_REPLAY", "@/no/such/file").unwrap_err().contains("failed to read the tape `/no/such/file`")
        );
    }
}
