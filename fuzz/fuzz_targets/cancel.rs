//! A program whose tasks are dropped at any of their awaits.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::fuzz::cancel);
