//! The arguments of the attributes.

use proc_macro::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};

use crate::error::{Error, about};
use crate::template::{Hole, fill};

/// What the value of an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number, at least as large.
    Number {
        min: u64,
    },
    Text,
    /// A time, in a string: a whole number with its unit. Of milliseconds at least as many.
    Time {
        millis_min: u64,
    },
    /// One of these.
    Word(&'static [&'static str]),
}

/// A known argument: what users write, its place in the template, and its values.
pub(crate) type Known = (&'static str, &'static str, Kind);

/// The arguments of `#[reveille::test]`.
pub(crate) const OF_TEST: &[Known] = &[
    ("runs", "RUNS", Kind::Number { min: 1 }),
    ("seed", "SEED", Kind::Number { min: 0 }),
    ("replay", "REPLAY", Kind::Text),
    ("strategy", "STRATEGY", Kind::Text),
    ("faults", "FAULTS", Kind::Text),
    ("freedoms", "FREEDOMS", Kind::Text),
    ("detached", "DETACHED", Kind::Word(&["allow", "deny"])),
    ("isolation", "ISOLATION", Kind::Word(&["shared", "thread", "process"])),
    ("starved_after", "STARVED_AFTER", Kind::Time { millis_min: 1 }),
    ("starved_polls", "STARVED_POLLS", Kind::Number { min: 1 }),
    ("wake_to_poll_max", "WAKE_TO_POLL_MAX", Kind::Number { min: 1 }),
    ("watchdog", "WATCHDOG", Kind::Time { millis_min: 0 }),
];

/// The arguments of `#[reveille::main]`.
pub(crate) const OF_MAIN: &[Known] = &[("threads", "THREADS", Kind::Number { min: 1 })];

/// The values given, in the order of the known arguments.
#[derive(Debug)]
pub(crate) struct Arguments {
    known: &'static [Known],
    values: Vec<Option<Literal>>,
}

impl Arguments {
    /// Reads `name = value, ..`, with names from `known`.
    pub(crate) fn parse(known: &'static [Known], tokens: TokenStream) -> Result<Self, Error> {
        let mut arguments = Self { known, values: vec![None; known.len()] };
        let mut tokens = tokens.into_iter();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(name) = token else {
                return Err(Error::new(token.span(), format!("expected an argument: {}", known_names(known))));
            };
            // All up to the comma is the value, so that an error can be about the whole of it.
            let value: Vec<TokenTree> = tokens.by_ref().take_while(|token| !is_mark(token, ',')).collect();
            arguments.set(&name, value)?;
        }
        Ok(arguments)
    }

    fn set(&mut self, name: &Ident, value: Vec<TokenTree>) -> Result<(), Error> {
        let written = name.to_string();
        let Some(at) = self.known.iter().position(|(known, ..)| *known == written) else {
            return Err(about(name, format!("unknown argument `{written}`; known are {}", known_names(self.known))));
        };
        let (_, _, kind) = self.known[at];
        let mut value = value.into_iter();
        if !value.next().is_some_and(|token| is_mark(&token, '=')) {
            return Err(about(name, format!("`{written}` needs a value: `{written} = {}`", kind.example())));
        }
        let value: Vec<TokenTree> = value.map(unwrapped).collect();
        let literal = match &value[..] {
            [] => return Err(about(name, format!("`{written}` needs a value: `{written} = {}`", kind.example()))),
            [TokenTree::Literal(literal)] => kind.check(literal),
            _ => None,
        };
        let Some(literal) = literal else {
            let span = value.first().map_or(name.span(), TokenTree::span);
            return Err(Error::new(span, format!("`{written}` takes {}", kind.describe())));
        };
        match self.values[at].replace(literal) {
            Some(_) => Err(about(name, format!("`{written}` is given twice"))),
            None => Ok(()),
        }
    }

    /// The values for a template: an `Option` each, under the argument's name in capitals.
    pub(crate) fn into_holes(self) -> Vec<Hole> {
        let hole = |((_, hole, _), value): (&Known, Option<Literal>)| {
            let option = match value {
                None => fill("::core::option::Option::None", Span::call_site(), &[]),
                Some(value) => {
                    let value: TokenStream = TokenTree::Literal(value).into();
                    fill("::core::option::Option::Some(VALUE)", Span::call_site(), &[("VALUE", value)])
                }
            };
            (*hole, option)
        };
        self.known.iter().zip(self.values).map(hole).collect()
    }
}

impl Kind {
    /// The literal to write for `literal`, if that is a value of this kind.
    fn check(self, literal: &Literal) -> Option<Literal> {
        let text = literal.to_string();
        match self {
            Self::Number { min } => {
                let number = parse_number(&text).filter(|number| *number >= min)?;
                Some(number_at(literal.span(), number))
            }
            Self::Time { millis_min } => {
                let millis = parse_millis(&text).filter(|millis| *millis >= millis_min)?;
                Some(number_at(literal.span(), millis))
            }
            Self::Text => text.starts_with(['"', 'r']).then(|| literal.clone()),
            Self::Word(words) => words
                .iter()
                .any(|word| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) == Some(*word))
                .then(|| literal.clone()),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Number { .. } => "1_000",
            Self::Text => "\"..\"",
            Self::Time { .. } => "\"90s\"",
            Self::Word(_) => "\"deny\"",
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Number { min } => format!("a whole number from {min}, such as `1_000`"),
            Self::Text => "a string, such as `\"..\"`".to_owned(),
            Self::Time { millis_min } => {
                let above = if millis_min > 0 { " above zero" } else { "" };
                format!("a time{above} in `ms`, `s`, `min` or `h`, such as `\"90s\"`")
            }
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                words.join(" or ")
            }
        }
    }
}

/// The value of an integer literal: `5_000`, `0xfeed`, `7u64`.
fn parse_number(literal: &str) -> Option<u64> {
    let digits = literal.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (&digits[..], 10),
    };
    let digits = ["u64", "u32", "usize"].iter().find_map(|suffix| digits.strip_suffix(suffix)).unwrap_or(digits);
    u64::from_str_radix(digits, radix).ok()
}

/// The milliseconds of `"500ms"`, `"90s"`, `"2min"`, `"1h"`.
fn parse_millis(literal: &str) -> Option<u64> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let (number, unit) = text.split_at(unit_at);
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.replace('_', "").parse::<u64>().ok()?.checked_mul(millis)
}

fn number_at(span: Span, number: u64) -> Literal {
    let mut literal = Literal::u64_suffixed(number);
    literal.set_span(span);
    literal
}

/// `token` without the invisible group in which a macro passes what it was given.
fn unwrapped(token: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        let mut inner = group.stream().into_iter();
        if let (Delimiter::None, Some(only), None) = (group.delimiter(), inner.next(), inner.next()) {
            return unwrapped(only);
        }
    }
    token
}

fn known_names(known: &[Known]) -> String {
    let names: Vec<String> = known.iter().map(|(name, ..)| format!("`{name}`")).collect();
    names.join(", ")
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_rust_writes_them() {
        for (literal, value) in
            [("0", 0), ("5_000", 5000), ("0xfeed", 0xfeed), ("0b1_1", 3), ("0o17", 15), ("7u64", 7), ("0xffu64", 255)]
        {
            assert_eq!(parse_number(literal), Some(value), "{literal}");
        }
        for literal in ["1.5", "\"1\"", "1e3", "18446744073709551616", "", "'1'", "1i8"] {
            assert_eq!(parse_number(literal), None, "{literal}");
        }
    }

    #[test]
    fn times_have_units() {
        for (literal, millis) in [
            ("\"500ms\"", 500),
            ("\"90s\"", 90_000),
            ("\"1_000s\"", 1_000_000),
            ("\"2min\"", 120_000),
            ("\"1h\"", 3_600_000),
        ] {
            assert_eq!(parse_millis(literal), Some(millis), "{literal}");
        }
        for literal in ["90", "\"90\"", "\"s\"", "\"1.5s\"", "\"-1s\"", "\"9 s\"", "\"99999999999999999h\"", "\"\""] {
            assert_eq!(parse_millis(literal), None, "{literal}");
        }
    }
}
