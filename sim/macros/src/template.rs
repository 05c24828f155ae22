//! Rust text with holes.

use proc_macro::{Group, Span, TokenStream, TokenTree};

/// A name that stands for tokens in a template, and the tokens.
pub(crate) type Hole = (&'static str, TokenStream);

/// The tokens of `template` at `span`, with the tokens of its hole in the place of each identifier that names one.
pub(crate) fn fill(template: &str, span: Span, holes: &[Hole]) -> TokenStream {
    let tokens: TokenStream = template.parse().expect("templates are made of tokens");
    fill_tokens(tokens, span, holes)
}

fn fill_tokens(tokens: TokenStream, span: Span, holes: &[Hole]) -> TokenStream {
    let mut filled = TokenStream::new();
    for mut token in tokens {
        if let TokenTree::Ident(name) = &token {
            let name = name.to_string();
            if let Some((_, tokens)) = holes.iter().find(|(hole, _)| *hole == name) {
                filled.extend(tokens.clone());
                continue;
            }
        }
        if let TokenTree::Group(group) = token {
            token = TokenTree::Group(Group::new(group.delimiter(), fill_tokens(group.stream(), span, holes)));
        }
        token.set_span(span);
        filled.extend([token]);
    }
    filled
}
