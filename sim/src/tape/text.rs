//! The text form of a tape. The grammar stands in the module above.

use std::fmt;
use std::str::FromStr;

use reveille_executor::Kind;

use super::{Item, Settings, Tape, fold, mix};
use crate::draws::Draw;
use crate::freedom::Freedom;
use crate::net::{Fault, Faults, Rate};

const VERSION: u32 = 1;

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        let mut text = format!("r{VERSION}.{:04x}.{}", self.test, self.settings);
        for item in &self.items {
            match item {
                Item::Zeros { count, check } => write!(text, ".Z{count}-{check:04x}")?,
                Item::Unusual(draw) => write!(text, ".{}{}-{}", draw.kind.letter(), draw.bound, draw.value)?,
            }
        }
        write!(f, "{text}.E{}-{:04x}", self.draws(), check(&text))
    }
}

fn check(text: &str) -> u16 {
    fold(text.bytes().fold(0, |hash, byte| mix(hash, u64::from(byte) + 1)))
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preset = match (self.faults.is_off(), self.faults.is_heavy()) {
            (true, _) => "",
            (false, true) => "h",
            (false, false) => "l",
        };
        let differs = |fault: &Fault| !self.faults.is_off() || self.faults.rate(*fault).is_some();
        let differences = self.faults.differences().filter(differs).map(|fault| difference(&self.faults, fault));
        let faults = preset.to_owned() + &differences.collect::<String>();
        let poll_cost = if self.poll_cost { "p" } else { "" };
        let freedoms: String = self.freedoms.iter().map(|freedom| freedom.kind().letter()).collect();
        let text = format!("{poll_cost}{faults}{freedoms}");
        f.write_str(if text.is_empty() { "-" } else { &text })
    }
}

/// The letter that says that a sort of faults is on where the preset has it off, or the other way round.
fn letter(fault: Fault) -> char {
    // There are fewer than 26.
    char::from(b'A' + fault as u8)
}

/// What a header says of a sort: that it is otherwise than in the preset, or how often it strikes.
fn difference(faults: &Faults, fault: Fault) -> String {
    let rate = faults.rate(fault).map(|rate| format!("{}-{}", rate.numerator(), rate.denominator()));
    format!("{}{}", letter(fault), rate.unwrap_or_default())
}

/// A text that is not a tape, or not one that this version reads.
///
/// ```
/// let error = "r9.0000.-".parse::<reveille::Tape>().unwrap_err();
/// println!("{error}"); // says what is wrong
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeError {
    message: String,
}

impl TapeError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TapeError {}

impl FromStr for Tape {
    type Err = TapeError;

    fn from_str(text: &str) -> Result<Self, TapeError> {
        let text = text.trim();
        let mut parts = text.split('.');
        version(parts.next().unwrap_or_default())?;
        let test = parts.next().and_then(hex).ok_or_else(|| cut("the hash of its test"))?;
        let settings = settings(parts.next().ok_or_else(|| cut("its settings"))?)?;
        if !text.contains(".E") {
            return Err(cut("its end"));
        }
        let mut tape = Self { test, settings, items: Vec::new() };
        for part in parts {
            if let Some(end) = part.strip_prefix('E') {
                return if is_end_of(&tape, end, text) { Ok(tape) } else { Err(damaged()) };
            }
            tape.items.push(item(part)?);
        }
        Err(cut("its end"))
    }
}

fn version(part: &str) -> Result<(), TapeError> {
    match part.strip_prefix('r').and_then(|digits| digits.parse::<u32>().ok()) {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(TapeError::new(format!(
            "the tape is of version r{newer}, newer than this reveille, which reads r{VERSION}: use the version that wrote it"
        ))),
        _ => Err(TapeError::new(format!("expected a tape, which starts with `r{VERSION}.`, found `{}`", shown(part)))),
    }
}

fn settings(part: &str) -> Result<Settings, TapeError> {
    let mut settings = Settings::default();
    let mut rest = part;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        let freedom = Freedom::ALL.into_iter().find(|freedom| freedom.kind().letter() == letter);
        match (letter, freedom) {
            ('p', _) => settings.poll_cost = true,
            ('l', _) => settings.faults = Faults::LIGHT,
            ('h', _) => settings.faults = Faults::HEAVY,
            ('A'..='Z', _) => {
                let fault = Fault::ALL.into_iter().find(|fault| self::letter(*fault) == letter);
                let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '-').unwrap_or(rest.len());
                let (rate, after) = rest.split_at(digits);
                rest = after;
                settings.faults = fault.map_or(settings.faults, |fault| turned(settings.faults, fault, rate));
            }
            (_, Some(freedom)) => settings.freedoms = settings.freedoms.with(freedom),
            (_, None) => {}
        }
    }
    // Every setting has one letter and they stand in one order, so that a tape has one text.
    if settings.to_string() == part {
        return Ok(settings);
    }
    let letters: String = Freedom::ALL.iter().map(|freedom| freedom.kind().letter()).collect();
    Err(TapeError::new(format!(
        "the tape has unknown settings `{}`: expected `-`, or some of `p`, `l` or `h`, capitals with or without a rate, and `{letters}`, in this order",
        shown(part)
    )))
}

/// `faults` where `fault` strikes so often, or, without a rate, is the other way round. What makes no sense is written otherwise than it was
/// read, which is noticed.
fn turned(faults: Faults, fault: Fault, rate: &str) -> Faults {
    let rate = rate.split_once('-').and_then(|(some, of)| format!("{some}/{of}").parse().ok());
    match rate {
        Some(Rate::ALWAYS) if !fault.may_be_always() => faults,
        Some(rate) => faults.at(fault, rate),
        None => faults.toggled(fault),
    }
}

fn item(part: &str) -> Result<Item, TapeError> {
    let bad = || TapeError::new(format!("the tape has `{}` where a choice such as `s3-1` was expected", shown(part)));
    let mut characters = part.chars();
    let letter = characters.next().ok_or_else(bad)?;
    let (left, right) = characters.as_str().split_once('-').ok_or_else(bad)?;
    if letter == 'Z' {
        let (count, check) = (number(left).ok_or_else(bad)?, hex(right).ok_or_else(bad)?);
        return if count == 0 { Err(bad()) } else { Ok(Item::Zeros { count, check }) };
    }
    let bound = number(left).and_then(|n| u32::try_from(n).ok()).ok_or_else(bad)?;
    let value = number(right).and_then(|n| u32::try_from(n).ok()).ok_or_else(bad)?;
    if !letter.is_ascii_lowercase() || value == 0 || value >= bound {
        return Err(bad());
    }
    Ok(Item::Unusual(Draw { kind: Kind::new(letter as u8), bound, value }))
}

/// A decimal number in its one spelling, so that a tape has one text.
fn number(digits: &str) -> Option<u64> {
    let canonical = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok().filter(|n| *n <= 1 << 40) } else { None }
}

fn hex(digits: &str) -> Option<u16> {
    let canonical = digits.len() == 4 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if canonical { u16::from_str_radix(digits, 16).ok() } else { None }
}

/// Whether `end` (what follows the `E`) closes `text` and agrees with what was read.
fn is_end_of(tape: &Tape, end: &str, text: &str) -> bool {
    let expected = tape.to_string();
    text == expected && expected.ends_with(end)
}

fn cut(what: &str) -> TapeError {
    TapeError::new(format!("the tape is cut: {what} is missing; copy it whole, up to the part that starts with `E`"))
}

fn damaged() -> TapeError {
    TapeError::new("the tape is damaged: its check value does not fit its text; copy it again")
}

fn shown(part: &str) -> String {
    part.chars().take(24).collect()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::freedom::Set;

    fn draw(letter: u8, bound: u32, value: u32) -> Draw {
        Draw { kind: Kind::new(letter), bound, value }
    }

    fn sample() -> Tape {
        let draws = [draw(b's', 3, 0), draw(b's', 2, 0), draw(b's', 5, 4), draw(b'c', 10, 3), draw(b's', 2, 0)];
        Tape::record(0x9c0e, Settings::default(), draws)
    }

    #[test]
    fn text_and_value_are_two_forms_of_one_tape() {
        let text = sample().to_string();
        assert!(text.starts_with("r1.9c0e.-.Z2-"), "{text}");
        assert!(text.contains(".s5-4.c10-3.Z1-"), "{text}");
        assert_eq!(text.parse::<Tape>().unwrap(), sample());
        assert_eq!((sample().draws(), sample().unusual(), sample().unusual_of('c')), (5, 2, 1));
        let all = Freedom::ALL.into_iter().fold(Set::NONE, Set::with);
        let combinations =
            [(true, Faults::OFF, Set::NONE), (true, Faults::HEAVY, all), (false, Faults::LIGHT, Set::NONE)];
        let of_one = |fault: &Fault| (false, Faults::HEAVY.toggled(*fault), all);
        let ones = Fault::ALL.iter().map(of_one);
        let few = ["lost,crash", "lost=1/5", "heavy,calls=3/1000,-latency", "-latency", "slow-accept=1,latency=1/1024"];
        let few = few.map(|text| (true, text.parse().unwrap(), all));
        let combinations = combinations.into_iter().chain(ones).chain(few);
        for (poll_cost, faults, freedoms) in combinations {
            let tape = Tape::record(0, Settings { poll_cost, faults, freedoms }, []);
            assert_eq!(tape.to_string().parse::<Tape>().unwrap(), tape);
        }
    }

    /// What is written down somewhere means what it did: the headers of before there were rates.
    #[test]
    fn headers_are_pinned() {
        let header = |faults: &str| {
            let settings = Settings { faults: faults.parse().unwrap(), ..Settings::default() };
            settings.to_string()
        };
        assert_eq!(["off", "light", "heavy"].map(header), ["-", "l", "h"]);
        assert_eq!(header("heavy,-torn,crash"), "hDS");
        assert_eq!(header("light,lost=1/5,torn=0"), "lB1-5D");
        assert_eq!(header("lost"), "lACDEFGHIJKLMN");
        assert_eq!(header("-latency"), "W0-1");
        for wrong in ["lB", "lB1-", "lB-5", "lB2-10", "lB0-1", "l1-5", "lG1-1", "B1-5", "W", "lW", "lO1-2", "lB1-5-"] {
            let read = settings(wrong);
            assert!(wrong == "lB" || read.is_err(), "{wrong}: {read:?}");
        }
    }

    #[test]
    fn every_proper_prefix_is_an_error_and_never_a_panic() {
        let text = sample().to_string();
        for length in 0..text.len() {
            let error = text[..length].parse::<Tape>().unwrap_err().to_string();
            assert!(!error.is_empty());
        }
    }

    #[test]
    fn a_changed_character_is_noticed() {
        let text = sample().to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed.parse::<Tape>().is_err(), "{changed} was read though {text} was written");
        }
    }

    #[test]
    fn the_errors_say_what_to_do() {
        let error = |text: &str| text.parse::<Tape>().unwrap_err().to_string();
        assert!(error("r2.0000.-.E0-0000").contains("newer than this reveille"));
        assert!(error("hello").contains("expected a tape, which starts with `r1.`, found `hello`"));
        assert!(error("r1.9c0e.-.s3-1").contains("the tape is cut"));
        assert!(error("r1.9c0e.-.s3-3.E1-0000").contains("`s3-3` where a choice"));
        assert!(error("r1.9c0e.-.s3-1.E1-0000").contains("damaged"));
    }
}
