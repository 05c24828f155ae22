//! Operations on timers, against a map.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::models::timers_agree);
