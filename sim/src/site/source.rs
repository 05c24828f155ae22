//! Which function a line belongs to, read from the source text.
//!
//! An optimised build with nothing but line tables keeps the file and line of an inlined function but not its path: a
//! debugger sees `{async_fn#0}`. The source is at hand where tests run, so the path is read there. This is a reading of
//! braces and keywords, not a parser: what a macro writes has no name here, and a line that it cannot place has none
//! either. Lines never come from here.

use std::path::Path;

use super::tokens::{Token, Tokens};

/// The path of the function in `file` whose text contains `line` and `column`, such as `pool::Pool::get`.
pub(super) fn function_at(file: &Path, line: u32, column: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut path = module_of(file);
    path.extend(items_at(&text, (line, column))?);
    Some(path)
}

/// Where the innermost function of `text` around `position` begins, at its brace, and ends.
pub(super) fn body_at(text: &str, position: (u32, u32)) -> Option<((u32, u32), (u32, u32))> {
    let mut open: Vec<(Scope, (u32, u32))> = Vec::new();
    let mut header = Header::default();
    // The innermost function so far, once the position has been passed, and how deep it is.
    let mut around = None;
    for (at, token) in Tokens::new(text) {
        if at > position && around.is_none() {
            let depth = open.iter().rposition(|(scope, _)| matches!(scope, Scope::Function(_)))?;
            around = Some((depth, open[depth].1));
        }
        match token {
            Token::Mark('{') if header.may_open() => open.push((header.finish(), at)),
            Token::Mark('}') if header.may_open() => {
                open.pop();
                header = Header::default();
                match around {
                    Some((depth, start)) if open.len() == depth => return Some((start, at)),
                    _ => {}
                }
            }
            Token::Mark(';') if header.may_open() => header = Header::default(),
            token => header.push(token),
        }
    }
    None
}

/// What a brace opened.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Module(String),
    /// An impl or a trait, with the name of its type; `None` for an impl on a tuple or the like.
    Type(Option<String>),
    Function(String),
    /// The rules of a macro: what stands in them is compiled elsewhere.
    Macro,
    Other,
}

/// The names of the items around `position`, outermost first; `None` when no function is among them.
fn items_at(text: &str, position: (u32, u32)) -> Option<Vec<String>> {
    let mut open = Vec::new();
    let mut header = Header::default();
    for (at, token) in Tokens::new(text) {
        if at > position {
            break;
        }
        match token {
            Token::Mark('{') if header.may_open() => open.push(header.finish()),
            Token::Mark('}') if header.may_open() => {
                open.pop();
                header = Header::default();
            }
            Token::Mark(';') if header.may_open() => header = Header::default(),
            token => header.push(token),
        }
    }
    names(&open)
}

fn names(open: &[Scope]) -> Option<Vec<String>> {
    let mut path = Vec::new();
    for scope in open {
        match scope {
            Scope::Module(name) | Scope::Function(name) | Scope::Type(Some(name)) => path.push(name.clone()),
            Scope::Macro | Scope::Type(None) => return None,
            Scope::Other => {}
        }
    }
    open.iter().any(|scope| matches!(scope, Scope::Function(_))).then_some(path)
}

/// The words between the last `{`, `}` or `;` and the next: an item's header, if one of them names an item.
#[derive(Debug, Default)]
struct Header {
    item: Option<Scope>,
    /// The word before the present token.
    before: Option<Before>,
    /// Open parentheses and brackets: a `;` or a brace inside of them ends no header.
    nested: usize,
    /// Open angle brackets; kept in the header of an impl only.
    angles: usize,
    /// Whether the type of an impl is complete.
    typed: bool,
}

/// Keywords that a name follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Mod,
    Trait,
    Fn,
    MacroRules,
}

impl Header {
    /// Whether a brace or semicolon here belongs to the header's own level. Outside of items it always does: closures
    /// stand in the parentheses of a call.
    fn may_open(&self) -> bool {
        self.item.is_none() || (self.nested == 0 && self.angles == 0)
    }

    fn finish(&mut self) -> Scope {
        std::mem::take(self).item.unwrap_or(Scope::Other)
    }

    fn push(&mut self, token: Token<'_>) {
        let before = self.before.take();
        match (token, before) {
            (Token::Word(name), Some(keyword)) if self.item.is_none() => {
                self.item = Some(match keyword {
                    Before::Mod => Scope::Module(name.to_owned()),
                    Before::Trait => Scope::Type(Some(name.to_owned())),
                    Before::Fn => Scope::Function(name.to_owned()),
                    Before::MacroRules => Scope::Macro,
                });
                (self.nested, self.angles, self.typed) = (0, 0, true);
            }
            // `macro_rules! name`
            (Token::Mark('!'), Some(Before::MacroRules)) => self.before = before,
            (Token::Word(word), _) if self.item.is_none() => self.keyword(word),
            (Token::Word(word), _) => self.impl_word(word),
            (Token::Mark('(' | '['), _) => self.nested += 1,
            (Token::Mark(')' | ']'), _) => self.nested = self.nested.saturating_sub(1),
            // `impl dyn Source + Send`
            (Token::Mark('+'), _) if self.nested == 0 && self.angles == 0 => self.typed = true,
            (Token::Mark('<'), _) if !self.typed => self.angles += 1,
            (Token::Mark('>'), _) if !self.typed => self.angles = self.angles.saturating_sub(1),
            _ => {}
        }
    }

    fn keyword(&mut self, word: &str) {
        self.before = match word {
            "mod" => Some(Before::Mod),
            "trait" => Some(Before::Trait),
            "fn" => Some(Before::Fn),
            "macro_rules" => Some(Before::MacroRules),
            "impl" => {
                *self = Self { item: Some(Scope::Type(None)), ..Self::default() };
                None
            }
            _ => None,
        };
    }

    /// Reads on in the header of an impl: the last path before `where`, and after `for` if there is one, is its type.
    fn impl_word(&mut self, word: &str) {
        if self.typed || self.angles > 0 || self.nested > 0 {
            return;
        }
        match (word, &mut self.item) {
            ("where", _) => self.typed = true,
            ("dyn" | "mut" | "const" | "unsafe", _) => {}
            ("for", Some(Scope::Type(name))) => *name = None,
            (name, Some(Scope::Type(last))) => *last = Some(name.to_owned()),
            _ => {}
        }
    }
}

/// The crate and module that `file` holds, as far as its path and the manifest beside it tell.
fn module_of(file: &Path) -> Vec<String> {
    let folders = ["src", "tests", "examples", "benches"];
    let is_root = |dir: &&Path| dir.file_name().is_some_and(|name| folders.iter().any(|folder| name == *folder));
    let mut roots = file.ancestors().skip(1).filter(is_root);
    let outer = roots.clone().next();
    // A module may be called `tests` too: what counts is the folder beside a manifest.
    let Some(root) = roots.find(|dir| dir.with_file_name("Cargo.toml").is_file()).or(outer) else { return Vec::new() };
    let inner = file.strip_prefix(root).unwrap_or(file).with_extension("");
    let mut parts: Vec<String> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    if root.ends_with("src") && parts.first().is_some_and(|first| first == "bin") {
        parts.remove(0);
    } else if root.ends_with("src") {
        let package = package_name(&root.with_file_name("Cargo.toml"));
        parts.splice(0..0, package);
    }
    parts.iter().map(|part| part.replace('-', "_")).collect()
}

/// The name in the `[package]` section of a manifest.
fn package_name(manifest: &Path) -> Option<String> {
    let text = std::fs::read_to_string(manifest).ok()?;
    let package = text.lines().skip_while(|line| line.trim() != "[package]").skip(1);
    let mut section = package.take_while(|line| !line.trim_start().starts_with('['));
    let value = section.find_map(|line| line.trim_start().strip_prefix("name")?.trim_start().strip_prefix('='))?;
    value.split(['"', '\'']).nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = r##"//! fn not_here() {
mod inner {
    impl<'a, T: Fn(u8) -> [u8; 3] + ?Sized> super::Source<'a> for Pool<T> where T: Clone {
        async fn get<const N: usize>(&self, other: [u8; 2]) -> Result<impl Future<Output = u8>, String> {
            let text = r#"}}}"#; match '}' { _ => here(|x| { x }) }
        }
        type Item = u8; fn required();
    }
    impl Pool<fn() -> u8> { fn len(&self) -> usize {
        fn nested() {}
        1
    } }
}
macro_rules! make { () => { fn hidden() {
    1
} } }
impl<F> Source for (F, u8) { fn get(&self) {
    2
} }
trait Source { fn provided(&self) { let f: fn(u8) = |_| {};
    3
} }
const LIMIT: u8 = {
    4
};
fn last() { select! { _ = x => {
    5
} } }
"##;

    fn at(line: u32) -> Option<String> {
        items_at(POOL, (line, 9)).map(|path| path.join("::"))
    }

    #[test]
    fn the_function_around_a_line_is_named_with_its_type_and_module() {
        assert_eq!(at(5).as_deref(), Some("inner::Pool::get"));
        assert_eq!(at(11).as_deref(), Some("inner::Pool::len"));
        assert_eq!(at(21).as_deref(), Some("Source::provided"));
        assert_eq!(at(27).as_deref(), Some("last"));
    }

    #[test]
    fn what_cannot_be_named_is_not() {
        assert_eq!(at(1), None);
        assert_eq!(at(8), None, "the end of an impl is in no function");
        assert_eq!(at(15), None, "macro rules are compiled elsewhere");
        assert_eq!(at(18), None, "a tuple has no name");
        assert_eq!(at(24), None, "a constant is no function");
    }

    #[test]
    fn a_file_tells_its_crate_and_module() {
        let module = |file: &str| module_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).join("::");
        let package = env!("CARGO_PKG_NAME").replace('-', "_");
        assert_eq!(module("src/site/source.rs"), format!("{package}::site::source"));
        assert_eq!(module("src/site/mod.rs"), format!("{package}::site"));
        assert_eq!(module("src/tests/deep.rs"), format!("{package}::tests::deep"));
        assert_eq!(module("src/lib.rs"), package);
        assert_eq!(module("src/bin/server.rs"), "server");
        assert_eq!(module("tests/await_site.rs"), "await_site");
        assert_eq!(module("tests/net/main.rs"), "net");
    }
}
