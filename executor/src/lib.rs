//! A small executor whose every step can be chosen.
