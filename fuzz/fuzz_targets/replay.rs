//! Any tape on any program.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::fuzz::replay);
