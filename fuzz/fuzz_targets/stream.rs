//! A byte stream through a network with faults.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::fuzz::stream);
