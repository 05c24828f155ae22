//! Operations on a disk and crashes of it, against lists.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::models::disk_agrees);
