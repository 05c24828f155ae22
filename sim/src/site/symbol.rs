//! Function names as symbols spell them, made readable.
//!
//! A demangled symbol comes in three spellings: legacy (`pool::Pool<T>::get::{{closure}}`), v0
//! (`<pool::Pool<u32>>::get::{closure#0}`), and, for functions that an optimised build with nothing but line tables
//! inlined, the bare name (`{async_fn#0}<u32>`). The first two become `pool::Pool::get`; the third has no path to show.

/// What a symbol says about a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Symbol {
    /// The path without generic arguments, hashes and closures: `pool::Pool::get`. Invariant: no element is empty.
    pub(super) path: Vec<String>,
    /// Whether the function is a closure or the body of an async function or block: symbols do not tell these apart.
    pub(super) closure: bool,
}

/// The name that `#[reveille::test]` gives to the function that holds a test's body; it means nothing to its author.
const TEST_BODY: &str = "__reveille_body";

impl Symbol {
    /// Reads a demangled symbol.
    pub(super) fn parse(symbol: &str) -> Self {
        let mut parsed = Self::default();
        for part in split_path(symbol) {
            parsed.push(part);
        }
        parsed
    }

    /// Whether the path starts at a crate, rather than being a bare name.
    pub(super) fn is_qualified(&self) -> bool {
        self.path.len() > 1
    }

    /// The crate that the path starts at.
    pub(super) fn krate(&self) -> Option<&str> {
        if self.is_qualified() { self.path.first().map(String::as_str) } else { None }
    }

    /// Whether the function polls: a `poll` or `poll_next` and their like, or a closure, as every async body is.
    pub(super) fn polls(&self) -> bool {
        self.closure || self.path.last().is_some_and(|name| name.starts_with("poll"))
    }

    /// What is polled: the type of a `poll` method, or the async function. `None` for a free `poll_..` function: it is
    /// only a part of another.
    pub(super) fn future(&self) -> Option<String> {
        let (name, parents) = self.path.split_last()?;
        let of_type = parents.last().is_some_and(|parent| parent.starts_with(char::is_uppercase));
        let path = match name.starts_with("poll") {
            true if !of_type => return None,
            true => parents,
            false => &self.path,
        };
        (path.len() > 1).then(|| path.join("::"))
    }

    /// Adds one element of the path as the symbol spells it.
    fn push(&mut self, part: &str) {
        if part.starts_with('{') {
            // `{impl#3}` and `{shim:vtable#0}` are the other names in braces.
            self.closure |= part.contains("closure") || part.contains("async");
        } else if let Some(inner) = part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) {
            self.push_angled(inner);
        } else if !is_hash(part) && part != TEST_BODY {
            let name = part.split('<').next().unwrap_or(part);
            self.path.extend((!name.is_empty()).then(|| name.to_owned()));
        }
    }

    /// Adds what stands in angle brackets: the type that a method belongs to, or generic arguments, which are dropped.
    fn push_angled(&mut self, inner: &str) {
        let of_impl = inner.strip_prefix("impl ");
        if of_impl.is_none() && !self.path.is_empty() {
            return;
        }
        let inner = of_impl.unwrap_or(inner);
        let this = match (find_word(inner, " for "), find_word(inner, " as ")) {
            (Some((_, this)), _) if of_impl.is_some() => this,
            (_, Some((this, _))) => this,
            _ => inner,
        };
        // An impl stands in a module of its own; the type says more.
        self.path = match type_path(this) {
            Some(path) => Self::parse(path).path,
            None => vec![this.to_owned()],
        };
    }
}

/// The path of a type without what stands before it (`&mut `, `dyn `, lifetimes); `None` for tuples, slices and the like.
fn type_path(mut ty: &str) -> Option<&str> {
    loop {
        ty = ty.trim_start();
        let rest = ["&", "*const ", "*mut ", "mut ", "dyn ", "("].iter().find_map(|prefix| ty.strip_prefix(prefix));
        match rest {
            Some(rest) if ty.starts_with('(') && find_word(rest, ",").is_some() => return None,
            Some(rest) => ty = rest,
            None if ty.starts_with('\'') => ty = ty.split_once(' ')?.1,
            None => break,
        }
    }
    let end = [" + ", ")"].iter().filter_map(|end| find_word(ty, end)).map(|(path, _)| path.len()).min();
    let path = &ty[..end.unwrap_or(ty.len())];
    path.starts_with(|first: char| first.is_alphanumeric() || first == '_' || first == '<').then_some(path)
}

/// Whether `part` is the hash that ends a legacy symbol.
fn is_hash(part: &str) -> bool {
    part.len() == 17 && part.starts_with('h') && part[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The elements of a path: `symbol` cut at each `::` that stands in no bracket.
fn split_path(symbol: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = symbol;
    while let Some((part, after)) = find_word(rest, "::") {
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// `text` before and after the first `word` that stands in no bracket.
fn find_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        if depth == 0 && text[at..].starts_with(word) {
            return Some((&text[..at], &text[at + word.len()..]));
        }
        match letter {
            '<' | '(' | '[' | '{' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(symbol: &str) -> String {
        Symbol::parse(symbol).path.join("::")
    }

    #[test]
    fn both_manglings_read_the_same() {
        for symbol in [
            "pool::Pool::get::{{closure}}",
            "pool::Pool<T>::get::{{closure}}::{{closure}}",
            "<pool::Pool>::get::{closure#0}",
            "<pool::Pool<alloc::vec::Vec<fn(u8) -> u8>>>::get::<u32>::{closure#0}::{closure#1}",
            "<pool::Pool as pool::Source>::get::{{closure}}",
            "pool::net::<impl pool::Source<u8> for pool::Pool<T>>::get::{{closure}}",
            "pool::net::<impl pool::Pool<T>>::get::h0123456789abcdef",
            "<&mut pool::Pool as pool::Source>::get",
            "<dyn pool::Pool + core::marker::Send as pool::Source>::get",
            "<(dyn pool::Pool + core::marker::Send) as pool::Source>::get",
            "pool::Pool::get::__reveille_body::{{closure}}",
        ] {
            assert_eq!(path(symbol), "pool::Pool::get", "{symbol}");
        }
    }

    #[test]
    fn bare_names_have_no_path_to_show() {
        for (symbol, closure) in
            [("{async_fn#0}<u32>", true), ("{async_block#3}", true), ("poll<u8, a::B<c::D>>", false)]
        {
            let parsed = Symbol::parse(symbol);
            assert!(!parsed.is_qualified(), "{symbol}");
            assert_eq!(parsed.closure, closure, "{symbol}");
            assert!(parsed.polls(), "{symbol}");
        }
        assert!(!Symbol::parse("__rust_try").polls());
    }

    #[test]
    fn types_without_a_path_keep_their_text() {
        assert_eq!(path("<(A, B) as core::future::future::Future>::poll"), "(A, B)::poll");
        assert_eq!(path("<[T] as a::B>::poll"), "[T]::poll");
        assert_eq!(path(""), "");
        assert_eq!(path("<<<"), "");
    }

    #[test]
    fn a_future_is_a_type_or_an_async_function() {
        let future = |symbol| Symbol::parse(symbol).future();
        let notified = Some("tokio::sync::notify::Notified".to_owned());
        assert_eq!(future("<tokio::sync::notify::Notified as core::future::future::Future>::poll"), notified);
        assert_eq!(future("tokio::sync::notify::Notified::poll_notified"), notified);
        assert_eq!(
            future("tokio::sync::mutex::Mutex<T>::lock::{{closure}}").unwrap(),
            "tokio::sync::mutex::Mutex::lock"
        );
        assert_eq!(future("tokio::sync::notify::Notified::poll_notified::{{closure}}"), notified);
        assert_eq!(future("tokio::time::timeout::poll_delay"), None);
        assert_eq!(future("poll"), None);
        assert_eq!(future("<F as core::future::future::Future>::poll"), None);
    }
}
