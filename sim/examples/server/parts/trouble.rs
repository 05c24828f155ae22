//! What may go wrong, in four kinds by what is done about it:
//!
//! | kind | client | connection | its request |
//! |---|---|---|---|
//! | bad request | is told | goes on | will never be answered |
//! | overload, or out of time | is told | goes on | may be sent again, later |
//! | broken protocol | is told | is closed | is lost |
//! | gone: lost, or silent | cannot be told | is closed, and counted | is lost |

use std::{fmt, io};

/// What ends a connection.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The other side does not speak the protocol: nothing that follows can be understood. It is told, and the connection closed.
    Protocol(&'static str),
    /// The other side is not there any more: nobody can be told. The connection is closed, and counted.
    Gone(io::Error),
}

/// Why there is no answer, as the client hears it. All but the last concern one request, and the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Asking again would be of no use.
    BadRequest,
    /// Later it may be answered: nothing has been done.
    Overloaded,
    /// It took too long; whether something has been done is not known.
    TooLate,
    /// The connection is closed.
    Protocol,
}

const CODES: [(u8, Refusal); 4] =
    [(1, Refusal::BadRequest), (2, Refusal::Overloaded), (3, Refusal::TooLate), (4, Refusal::Protocol)];

impl Refusal {
    pub(crate) fn code(self) -> u8 {
        CODES.into_iter().find(|(_, refusal)| *refusal == self).map_or(0, |(code, _)| code)
    }

    pub(crate) fn from_code(code: u8) -> Result<Self, Trouble> {
        let known = CODES.into_iter().find(|(its, _)| *its == code);
        known.map(|(_, refusal)| refusal).ok_or(Trouble::Protocol("a refusal of no known kind"))
    }
}

impl Trouble {
    /// Nothing came for so long that nobody can be there.
    pub(crate) fn silent() -> Self {
        Self::Gone(io::Error::new(io::ErrorKind::TimedOut, "the other side has gone silent"))
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(what) => write!(f, "the protocol was broken: {what}"),
            Self::Gone(error) => write!(f, "the connection is lost: {error}"),
        }
    }
}

impl std::error::Error for Trouble {}
