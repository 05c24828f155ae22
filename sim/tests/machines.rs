//! The examples of campaigns on many machines, as far as one machine can tell: their command lines are performed, word by word,
//! with the index of a pod or the entry of a matrix set by hand, and a `cargo` that runs this very program. Whether a cluster
//! takes the manifest is not tested here.

#![cfg(all(unix, not(loom)))]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use reveille::{choose, explore, yield_now};

const JOB: &str = include_str!("../examples/machines/job.yaml");
const MATRIX: &str = include_str!("../examples/machines/matrix.yaml");
const SHARDS: u32 = 4;

/// The campaign: each run draws three numbers, by which it can be told, and notes them where the variable says.
#[test]
fn campaign() {
    let log = std::env::var_os("DRAWN").map(PathBuf::from);
    let program = move || {
        let log = log.clone();
        async move {
            let numbers = [(); 3].map(|()| choose(1_000_000));
            yield_now().await;
            if let Some(log) = log {
                let mut log = fs::File::options().create(true).append(true).open(log).unwrap();
                // In one write: several threads have the file open.
                log.write_all(format!("{numbers:?}\n").as_bytes()).unwrap();
            }
        }
    };
    explore().name("campaign").run(program).unwrap();
}

/// A folder of this test's own, with a program called `cargo` that performs the campaign, and notes its arguments.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("machines-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let cargo = folder.join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho \"$@\" >> \"$ARGUMENTS\"\nexec \"$PROGRAM\" campaign --exact\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Performs `script` with these variables and the program above; returns what its runs have drawn.
fn drawn(folder: &Path, script: &str, variables: &[(&str, String)]) -> BTreeSet<String> {
    let log = folder.join("drawn");
    let _ = fs::remove_file(&log);
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", script])
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("PROGRAM", std::env::current_exe().unwrap())
        .env("ARGUMENTS", folder.join("arguments"))
        .env("DRAWN", &log)
        .env_remove("REVEILLE_SHARD")
        .env("REVEILLE_RUNS", "203")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect()
}

/// The parts are the whole, and no part is much more than its share. (Each performs the dullest run besides, for calibration.)
fn are_the_whole(parts: &[BTreeSet<String>], whole: &BTreeSet<String>) {
    assert_eq!(whole.len(), 203);
    assert_eq!(parts.iter().flatten().cloned().collect::<BTreeSet<_>>(), *whole);
    assert!(parts.iter().all(|part| (50..=52).contains(&part.len())));
}

/// The script among the arguments of the container.
fn script_of_the_job() -> String {
    let (_, block) = JOB.split_once("- |\n").unwrap();
    let indent = block.len() - block.trim_start().len();
    block.lines().map(|line| &line[indent..]).collect::<Vec<_>>().join("\n")
}

#[test]
fn four_pods_perform_together_what_one_machine_does() {
    let folder = folder("job");
    let whole = drawn(&folder, "cargo test", &[]);
    let pod = |index: u32| [("JOB_COMPLETION_INDEX", index.to_string()), ("SHARDS", SHARDS.to_string())];
    let parts: Vec<_> = (0..SHARDS).map(|index| drawn(&folder, &script_of_the_job(), &pod(index))).collect();
    are_the_whole(&parts, &whole);
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
    assert_eq!(
        arguments.matches("nextest run --archive-file tests.tar.zst --workspace-remap .").count(),
        4,
        "{arguments}"
    );
}

#[test]
fn the_job_has_as_many_pods_as_shards() {
    let number = |after: &str| {
        let (_, rest) = JOB.split_once(after).unwrap();
        rest.trim_start_matches(['\n', ' ', '"']).split(['\n', '"']).next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(number("completions:"), number("SHARDS # as many as completions\n              value:"));
    assert_eq!(number("parallelism:"), number("completions:"));
}

#[test]
fn the_entries_of_the_matrix_perform_together_what_one_machine_does() {
    let folder = folder("matrix");
    let whole = drawn(&folder, "cargo test", &[]);
    let (_, line) = MATRIX.split_once("- run: ").unwrap();
    // Shorter, for a test; the rest is as it stands there.
    let line = line.trim().replace("REVEILLE_RUNS=100_000", "REVEILLE_RUNS=203");
    assert!(MATRIX.contains("shard: [1, 2, 3, 4]"));
    let entry = |shard: u32| line.replace("${{ matrix.shard }}", &shard.to_string());
    let parts: Vec<_> = (1..=SHARDS).map(|shard| drawn(&folder, &entry(shard), &[])).collect();
    are_the_whole(&parts, &whole);
}

#[test]
fn the_script_of_the_job_is_one_that_a_shell_can_read() {
    let read = |script: &str| Command::new("sh").args(["-n", "-c", script]).status().unwrap().success();
    assert!(read(&script_of_the_job()));
    assert!(!read("if true"));
}
