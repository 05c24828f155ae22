//! What a fuzz target is made of. What targets do is in `reveille_properties::fuzz`.
#![forbid(unsafe_code)]

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// Makes a function of bytes a fuzz target under cargo-fuzz, and under plain cargo a program that replays the files, or the
/// folders of files, that it is given.
#[macro_export]
macro_rules! target {
    ($target:path) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $target(bytes));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::replay($target)
        }
    };
}

/// Shows `target` the files that the arguments name; fails if there is none.
#[must_use]
pub fn replay(target: fn(&[u8])) -> std::process::ExitCode {
    let mut files = Vec::new();
    for path in std::env::args_os().skip(1) {
        let path = std::path::PathBuf::from(path);
        match std::fs::read_dir(&path) {
            Ok(folder) => files.extend(folder.filter_map(|entry| Some(entry.ok()?.path()))),
            Err(_) => files.push(path),
        }
    }
    files.sort();
    for file in &files {
        match std::fs::read(file) {
            Ok(bytes) => target(&bytes),
            Err(error) => {
                eprintln!("failed to read `{}`: {error}", file.display());
                return std::process::ExitCode::FAILURE;
            }
        }
    }
    println!("{} inputs replayed", files.len());
    if files.is_empty() { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS }
}
