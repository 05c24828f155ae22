//! How often something happens, as a ratio.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

/// How often something happens: so many times of so many, in lowest terms. As text `1/5`, or `0` and `1`.
///
/// ```
/// use reveille_reactor::fault::Rate;
///
/// let rate = Rate::new(2, 10);
/// assert_eq!((rate, rate.to_string().as_str()), (Rate::new(1, 5), "1/5"));
/// assert_eq!("1/5".parse(), Ok(rate));
/// assert_eq!((rate.numerator(), rate.denominator()), (1, 5));
/// assert!(Rate::new(1, 3) < Rate::new(1, 2) && Rate::NEVER < rate);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Invariant: at most the denominator.
    numerator: u16,
    denominator: NonZeroU16,
}

impl Rate {
    /// Not at all.
    pub const NEVER: Self = Self::new(0, 1);
    /// Each time.
    pub const ALWAYS: Self = Self::new(1, 1);
    /// The greatest denominator.
    pub const OF_MAX: u16 = 1024;

    /// `numerator` times of `denominator`.
    ///
    /// # Panics
    /// If `denominator` is 0 or more than [`OF_MAX`](Self::OF_MAX), or less than `numerator`.
    #[must_use]
    pub const fn new(numerator: u16, denominator: u16) -> Self {
        match Self::checked(numerator, denominator) {
            Some(rate) => rate,
            None => panic!("a rate is of 1 to 1,024 times, and at most each time"),
        }
    }

    const fn checked(numerator: u16, denominator: u16) -> Option<Self> {
        if numerator > denominator || denominator > Self::OF_MAX {
            return None;
        }
        let divisor = divisor(numerator, denominator);
        if divisor == 0 {
            return None;
        }
        match NonZeroU16::new(denominator / divisor) {
            Some(denominator) => Some(Self { numerator: numerator / divisor, denominator }),
            None => None,
        }
    }

    /// Out of [`denominator`](Self::denominator) times so many.
    #[must_use]
    pub const fn numerator(self) -> u16 {
        self.numerator
    }

    /// Of so many times; not 0.
    #[must_use]
    pub const fn denominator(self) -> u16 {
        self.denominator.get()
    }
}

/// The greatest common divisor, by Euclid; 0 of two zeros.
const fn divisor(one: u16, other: u16) -> u16 {
    let (mut one, mut other) = (one, other);
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

impl Ord for Rate {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |one: u16, other: NonZeroU16| u32::from(one) * u32::from(other.get());
        product(self.numerator, other.denominator).cmp(&product(other.numerator, self.denominator))
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEVER | Self::ALWAYS => write!(f, "{}", self.numerator),
            Self { numerator, denominator } => write!(f, "{numerator}/{denominator}"),
        }
    }
}

/// A text that is no [`Rate`].
///
/// ```
/// use reveille_reactor::fault::Rate;
///
/// let error = "0.5".parse::<Rate>().unwrap_err();
/// assert!(error.to_string().starts_with("`0.5` is no rate: expected one such as `1/5`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARate(String);

impl fmt::Display for NotARate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no rate: expected one such as `1/5`, from `0` to `1`, of at most {}", self.0, Rate::OF_MAX)
    }
}

impl std::error::Error for NotARate {}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        let number = |digits: &str| digits.trim().parse::<u16>().ok();
        let rate = number(numerator).zip(number(denominator)).and_then(|(some, of)| Self::checked(some, of));
        rate.ok_or_else(|| NotARate(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_in_lowest_terms_and_read_as_they_are_written() {
        for (text, written) in [("0", "0"), ("0/7", "0"), ("3/3", "1"), ("2/10", "1/5"), (" 3 / 4 ", "3/4")] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.to_string(), written);
            assert_eq!(written.parse(), Ok(rate));
        }
        for wrong in ["", "/", "1/", "/2", "2", "3/2", "1/0", "0/0", "-1/2", "1/1025", "0.5", "1/2/3"] {
            assert!(wrong.parse::<Rate>().unwrap_err().to_string().contains("such as `1/5`"), "{wrong}");
        }
    }
}
