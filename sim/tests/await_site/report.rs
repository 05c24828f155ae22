//! Where a report says that a task waits, and where it should.

use std::cell::RefCell;

use reveille::explore;

/// Whether this test was built with line tables, by cargo's own setting.
const LINES: bool = {
    let setting = match (cfg!(debug_assertions), option_env!("CARGO_PROFILE_DEV_DEBUG")) {
        (true, setting) => setting,
        (false, _) => option_env!("CARGO_PROFILE_RELEASE_DEBUG"),
    };
    !matches!(setting, Some(setting) if matches!(setting.as_bytes(), b"0" | b"none" | b"false"))
};

thread_local! {
    static MARKS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Notes that the await in `line` comes next.
pub(crate) fn mark(line: u32) {
    MARKS.with_borrow_mut(|marks| marks.push(line));
}

/// Marks the line of the await that is made on `future`.
pub(crate) fn at<F>(line: u32, future: F) -> F {
    mark(line);
    future
}

/// One of the places where a task waits, as its report tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    /// Place and function of each await, innermost first.
    pub(crate) awaits: Vec<(String, String)>,
    pub(crate) through: Option<String>,
}

impl Site {
    pub(crate) fn functions(&self) -> Vec<&str> {
        self.awaits.iter().map(|(_, function)| function.as_str()).collect()
    }

    /// The lines and columns of the awaits. They are all in the file of the tests.
    fn places(&self) -> Vec<(u32, u32)> {
        let place = |(place, _): &(String, String)| {
            let numbers =
                place.strip_prefix("sim/tests/await_site.rs:").unwrap_or_else(|| panic!("another file: {place}"));
            let (line, column) = numbers.split_once(':').expect("a line and a column");
            (line.parse().unwrap(), column.parse().unwrap())
        };
        self.awaits.iter().map(place).collect()
    }
}

/// Reads the sites of task `task` in a report.
fn read(report: &str, task: u32) -> Vec<Site> {
    let mut sites: Vec<Site> = Vec::new();
    let heading = format!("task {task} (");
    let lines = report.lines().skip_while(|line| !line.contains(&heading) || line.starts_with("    "));
    for line in lines.skip(1).take_while(|line| line.starts_with("    ")) {
        let line = line.trim_start();
        if let Some(future) = line.strip_prefix("through ") {
            match sites.last_mut().filter(|site| site.through.is_none()) {
                Some(site) => site.through = Some(future.to_owned()),
                None => sites.push(Site { awaits: Vec::new(), through: Some(future.to_owned()) }),
            }
            continue;
        }
        let first = line.strip_prefix("awaits ");
        let Some((place, function)) = first.unwrap_or(line).split_once("in await_site::") else { continue };
        if first.is_some() {
            sites.push(Site::default());
        }
        let site = sites.last_mut().expect("a site begins with `awaits`");
        site.awaits.push((place.trim().to_owned(), format!("await_site::{function}")));
    }
    sites
}

/// Where the root task of `program`, which waits for ever, is said to wait, and the lines that it marked on the way.
/// `None` without line tables: there is nothing to compare then. The report must say so, and name no place in the user's
/// code.
pub(crate) fn sites<Fut: Future<Output = ()> + 'static>(
    program: impl Fn() -> Fut + Sync,
) -> Option<(Vec<Site>, Vec<u32>)> {
    sites_of(0, program)
}

/// As [`sites`], for another task.
pub(crate) fn sites_of<Fut: Future<Output = ()> + 'static>(
    task: u32,
    program: impl Fn() -> Fut + Sync,
) -> Option<(Vec<Site>, Vec<u32>)> {
    let report = report(program);
    let sites = read(&report, task);
    if LINES {
        return Some((sites, MARKS.take()));
    }
    assert!(report.contains("no line is known"), "{report}");
    assert!(report.contains("debug = \"line-tables-only\""), "{report}");
    assert!(sites.iter().flat_map(|site| &site.awaits).all(|(place, _)| place.is_empty()), "{report}");
    None
}

/// The report on `program`, which waits for ever.
fn report<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> String {
    let program = || {
        MARKS.take();
        program()
    };
    explore().runs(1).run(program).expect_err("the program waits for ever").to_string()
}

/// Where the last waker of a task of `program` is said to have been dropped, and the line marked for it. `None` without
/// line tables: then no place is named.
pub(crate) fn dropped<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Option<(String, u32)> {
    let report = report(program);
    let dropped = report.lines().find(|line| line.contains("last waker was dropped")).expect("a dead waker");
    let place = dropped.split_once(", in ").map(|(_, place)| place.to_owned());
    assert_eq!(place.is_some(), LINES, "{report}");
    Some((place?, *MARKS.take().last()?))
}

/// The only site of `program`: its lines are the marked ones, its columns point at awaits.
#[track_caller]
pub(crate) fn site<Fut: Future<Output = ()> + 'static>(program: impl Fn() -> Fut + Sync) -> Option<Site> {
    let (mut found, marks) = sites(program)?;
    assert_eq!(found.len(), 1, "{found:#?}");
    let found = found.pop()?;
    check(&found, &marks);
    Some(found)
}

/// The awaits of `site` are those on `lines`, which are outermost first.
#[track_caller]
pub(crate) fn check(site: &Site, lines: &[u32]) {
    let expected: Vec<u32> = lines.iter().rev().copied().collect();
    let places = site.places();
    assert_eq!(places.iter().map(|(line, _)| *line).collect::<Vec<_>>(), expected, "{site:#?}");
    let source: Vec<&str> = include_str!("../await_site.rs").lines().collect();
    for (line, column) in places {
        let text = &source[line as usize - 1][column as usize - 1..];
        let awaits = ["await", "tokio::", "futures::", "clone()"];
        assert!(awaits.iter().any(|word| text.starts_with(word)), "{line}:{column} points at {text:?}");
    }
}
