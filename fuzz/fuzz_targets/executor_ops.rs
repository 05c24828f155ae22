//! Operations on the executor, against flags and a rotated deque.
#![cfg_attr(fuzzing, no_main)]

reveille_fuzz::target!(reveille_properties::models::executor_agrees);
