//! The text of tapes: the parser, and the round trip.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::fuzz::tape_text);
