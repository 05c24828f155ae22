//! Rust source cut into just enough tokens to follow braces: strings, characters and comments are passed over, so that a
//! brace inside one of them counts for nothing.

/// A token that matters for finding items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier or keyword; `r#` is cut off.
    Word(&'a str),
    /// Any other visible character outside literals.
    Mark(char),
    /// The arrows `->` and `=>`, which close no angle bracket.
    Arrow,
}

/// The tokens of a source text with their positions (line and column in bytes, from 1).
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    line: u32,
    column: u32,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1, column: 1 }
    }

    /// Takes `length` bytes, keeping count of lines.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        for byte in taken.bytes() {
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        taken
    }

    /// Takes all up to and including `end`, or the rest of the text.
    fn take_through(&mut self, end: &str) {
        let length = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(length);
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0_u32;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take(char_length(self.rest));
            }
        }
    }

    /// Skips a string or character whose opening quote, `quote`, comes next; a backslash hides the character after it.
    fn skip_quoted(&mut self, quote: char) {
        self.take(1);
        while let Some(letter) = self.rest.chars().next() {
            self.take(letter.len_utf8());
            if letter == '\\' {
                self.take(char_length(self.rest));
            } else if letter == quote {
                return;
            }
        }
    }

    /// Skips the string that `prefix` (`r`, `br`, `b`, `c`, ..) opens, if it does open one.
    fn skip_prefixed(&mut self, prefix: &str) -> bool {
        let after = &self.rest[prefix.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        let opens = after[hashes..].starts_with('"');
        match prefix {
            "r" | "br" | "cr" if opens => {
                self.take(prefix.len() + hashes + 1);
                self.take_through(&format!("\"{}", "#".repeat(hashes)));
            }
            "b" | "c" if opens && hashes == 0 => {
                self.take(prefix.len());
                self.skip_quoted('"');
            }
            "b" if after.starts_with('\'') => {
                self.take(1);
                self.skip_quoted('\'');
            }
            _ => return false,
        }
        true
    }

    /// Skips a character literal, or the quote of a lifetime.
    fn skip_quote(&mut self) {
        let mut after = self.rest.chars().skip(1);
        let (first, second) = (after.next(), after.next());
        if first == Some('\\') || second == Some('\'') {
            self.skip_quoted('\'');
        } else {
            self.take(1);
            let lifetime = word_length(self.rest);
            self.take(lifetime);
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = ((u32, u32), Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let position = (self.line, self.column);
            let first = self.rest.chars().next()?;
            let word = word_length(self.rest);
            if self.rest.starts_with("//") {
                self.take_through("\n");
            } else if self.rest.starts_with("/*") {
                self.skip_block_comment();
            } else if first == '"' {
                self.skip_quoted('"');
            } else if first == '\'' {
                self.skip_quote();
            } else if self.rest.starts_with("->") || self.rest.starts_with("=>") {
                self.take(2);
                return Some((position, Token::Arrow));
            } else if word == 0 {
                self.take(first.len_utf8());
                if !first.is_whitespace() {
                    return Some((position, Token::Mark(first)));
                }
            } else if self.rest[..word].len() <= 2 && self.skip_prefixed(&self.rest[..word]) {
                // A literal.
            } else if self.rest.starts_with("r#") {
                self.take(2);
            } else {
                return Some((position, Token::Word(self.take(word))));
            }
        }
    }
}

/// The length of the identifier, keyword or number that `text` starts with.
fn word_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len())
}

fn char_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let word = |(_, token)| match token {
            Token::Word(word) => word.to_owned(),
            Token::Mark(mark) => mark.to_string(),
            Token::Arrow => "=>".to_owned(),
        };
        Tokens::new(text).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn literals_and_comments_are_passed_over() {
        assert_eq!(words("a { \"}\\\"}\" b }"), "a { b }");
        assert_eq!(words("a r\"}\" br#\"}\"}\"# c\"}\" b'}' b'\\'' b"), "a b");
        assert_eq!(words("a '}' '\\'' '\\u{7d}' 'é' b"), "a b");
        assert_eq!(words("a // }\n/* } /* } */ } */ b"), "a b");
        assert_eq!(words("fn a<'a>(x: &'a str) -> u8"), "fn a < > ( x : & str ) => u8");
        assert_eq!(words("r#type r2 b c"), "type r2 b c");
        assert_eq!(words("\"never closed }"), "");
        assert_eq!(words("/* never closed }"), "");
    }

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let positions: Vec<_> = Tokens::new("a \"\n\" b\n  é c").map(|(position, _)| position).collect();
        assert_eq!(positions, [(1, 1), (2, 3), (3, 3), (3, 6)]);
    }
}
