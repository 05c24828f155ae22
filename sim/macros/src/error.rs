//! Compile errors.

use proc_macro::{Ident, Literal, Span, TokenStream, TokenTree};

use crate::template;

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Error {
    span: Span,
    message: String,
}

impl Error {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// The tokens that make the compiler say so.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let message = TokenTree::Literal(Literal::string(&self.message));
        template::fill("::core::compile_error! { MESSAGE }", self.span, &[("MESSAGE", message.into())])
    }
}

/// An error about the identifier `name`.
pub(crate) fn about(name: &Ident, message: impl Into<String>) -> Error {
    Error::new(name.span(), message)
}
