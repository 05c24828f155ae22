//! The function that an attribute stands on.

use std::iter::Peekable;

use proc_macro::{Delimiter, Ident, Span, TokenStream, TokenTree, token_stream};

use crate::error::{Error, about};
use crate::template::{Hole, fill};

/// An async function without parameters, in its parts.
#[derive(Debug)]
pub(crate) struct Function {
    /// Attributes and doc comments.
    attributes: TokenStream,
    visibility: TokenStream,
    name: Ident,
    /// `-> Type`, or nothing.
    returns: TokenStream,
    /// The block.
    body: TokenTree,
}

/// What the function that holds the body is called. Reports leave this name out: the site module of `reveille` knows it.
const BODY_NAME: &str = "__reveille_body";

/// Where the package is whose failing runs are kept.
const KEPT: &str = r#"Some(::core::env!("CARGO_MANIFEST_DIR"))"#;

type Tokens = Peekable<token_stream::IntoIter>;

impl Function {
    /// Takes the function `item` apart. `attribute` is how it calls itself in errors.
    pub(crate) fn parse(item: TokenStream, attribute: &str) -> Result<Self, Error> {
        let mut tokens = item.into_iter().peekable();
        let attributes = take_attributes(&mut tokens);
        let visibility = take_visibility(&mut tokens);
        expect_async_fn(&mut tokens, attribute)?;
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            return Err(Error::new(Span::call_site(), format!("`{attribute}` belongs on a function")));
        };
        expect_no_parameters(&mut tokens, &name, attribute)?;
        let mut returns: Vec<TokenTree> = tokens.collect();
        match returns.pop() {
            Some(body @ TokenTree::Group(_)) if is_group(&body, Delimiter::Brace) => {
                Ok(Self { attributes, visibility, name, returns: returns.into_iter().collect(), body })
            }
            _ => Err(about(&name, format!("`{attribute}` needs a function with a body"))),
        }
    }

    /// Where what is made of the function is said to stand: at its name.
    pub(crate) fn span(&self) -> Span {
        Span::call_site().located_at(self.name.span())
    }

    /// The parts for a template: `ATTRIBUTES`, `VISIBILITY`, `NAME`, `RETURNS`, `BODY`, `BODY_NAME` and `REGRESSIONS`.
    pub(crate) fn into_holes(self) -> Vec<Hole> {
        // At the return type, if there is one: that it is no outcome of a test is said there.
        let span = self.returns.clone().into_iter().last().map_or(self.span(), |last| last.span());
        let body_name = Ident::new(BODY_NAME, Span::call_site().located_at(span));
        // A test that is to fail is no regression when it does.
        let kept = if mentions(self.attributes.clone(), "should_panic") { "None" } else { KEPT };
        vec![
            ("REGRESSIONS", fill(&format!("::core::option::Option::{kept}"), Span::call_site(), &[])),
            ("ATTRIBUTES", self.attributes),
            ("VISIBILITY", self.visibility),
            ("NAME", TokenTree::Ident(self.name).into()),
            ("RETURNS", self.returns),
            ("BODY", self.body.into()),
            ("BODY_NAME", TokenTree::Ident(body_name).into()),
        ]
    }
}

/// Whether `word` stands among `tokens` or within their groups.
fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), word),
        token => is_word(&token, word),
    })
}

/// Takes all `#[..]` (doc comments are such) from the front.
fn take_attributes(tokens: &mut Tokens) -> TokenStream {
    let mut attributes = TokenStream::new();
    while let Some(TokenTree::Punct(hash)) = tokens.peek() {
        if hash.as_char() != '#' {
            break;
        }
        attributes.extend(tokens.by_ref().take(2));
    }
    attributes
}

/// Takes `pub` and `pub(..)` from the front; a macro may pass either in an invisible group.
fn take_visibility(tokens: &mut Tokens) -> TokenStream {
    let mut visibility = TokenStream::new();
    if tokens.peek().is_some_and(|token| is_group(token, Delimiter::None)) {
        visibility.extend(tokens.next());
    } else if tokens.peek().is_some_and(|token| is_word(token, "pub")) {
        visibility.extend(tokens.next());
        if tokens.peek().is_some_and(|token| is_group(token, Delimiter::Parenthesis)) {
            visibility.extend(tokens.next());
        }
    }
    visibility
}

/// Takes `async fn` from the front.
fn expect_async_fn(tokens: &mut Tokens, attribute: &str) -> Result<(), Error> {
    let Some(first) = tokens.next() else {
        return Err(Error::new(Span::call_site(), format!("`{attribute}` belongs on a function")));
    };
    match tokens.peek() {
        Some(second) if is_word(&first, "async") && is_word(second, "fn") => {
            tokens.next();
            Ok(())
        }
        _ if is_word(&first, "fn") => {
            Err(Error::new(first.span(), format!("`{attribute}` needs an `async fn`: add `async`")))
        }
        Some(second) if is_word(&first, "async") && is_word(second, "unsafe") => {
            Err(Error::new(second.span(), format!("`{attribute}` calls the function, so it cannot be `unsafe`")))
        }
        _ => Err(Error::new(first.span(), format!("`{attribute}` belongs on an `async fn`"))),
    }
}

/// Takes `()` from the front.
fn expect_no_parameters(tokens: &mut Tokens, name: &Ident, attribute: &str) -> Result<(), Error> {
    match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            match group.stream().into_iter().next() {
                Some(parameter) => Err(Error::new(parameter.span(), format!("`{attribute}` allows no parameters"))),
                None => Ok(()),
            }
        }
        Some(TokenTree::Punct(angle)) if angle.as_char() == '<' => {
            Err(Error::new(angle.span(), format!("`{attribute}` allows no generic parameters")))
        }
        _ => Err(about(name, format!("`{attribute}` belongs on an `async fn`"))),
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(name) if name.to_string() == word)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}
