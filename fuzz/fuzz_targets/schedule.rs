//! A program and its schedule, against the model of the language and every oracle.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::fuzz::schedule);
