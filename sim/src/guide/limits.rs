//! What this cannot find.
