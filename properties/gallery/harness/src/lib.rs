use std::process::ExitCode;
pub fn main<Fut: Future<Output=()> + 'static>(package: &str, program: impl Fn() -> Fut + Sync) -> ExitCode {
    let t = std::time::Instant::now();
    let r = reveille::explore().runs(10_000).run(program);
    match r { Ok(_) => println!("{package} clean {:?}", t.elapsed()), Err(f) => println!("{package} {f} {:?}", t.elapsed()) }
    ExitCode::SUCCESS
}
