//! The table of an audit as text.

use std::fmt::{self, Write as _};

use super::cuts::{Moment, Way};
use super::report::{Report, Row};

/// One line of the table: an await and a moment, and what became of it in each way.
struct Line<'a> {
    head: &'a Row,
    cells: Vec<(Way, String)>,
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let lines = lines(report.rows());
    let ways: Vec<Way> = Way::ALL.into_iter().filter(|way| report.rows().iter().any(|row| row.way == *way)).collect();
    let verdict = if report.is_clean() { "nothing breaks when" } else { "the program breaks when" };
    writeln!(f, "reveille: audit of `{}`: {verdict} the operation is cut", report.name)?;
    match report.schedules {
        None => writeln!(f, "  one run, repeated")?,
        Some(schedules) => writeln!(
            f,
            "  {} runs with a cut, {schedules} schedules for each; cut at {} of {} reachable pairs of await and moment",
            report.cut_runs(),
            report.exercised(),
            report.reachable()
        )?,
    }
    if report.awaits == 0 && report.schedules.is_some() {
        writeln!(f, "  the operation never waits: it can be cut before its first poll and when it is ready")?;
    }
    if let Some(sampled) = report.sampled() {
        writeln!(f, "  sampled: cut at {} of {} points; `.points(..)` allows more", sampled.points, sampled.of)?;
    }
    if let Some(test) = report.passed_over {
        writeln!(f, "  performed in full: the tape in REVEILLE_REPLAY is of another test (hash {test:04x})")?;
    }
    if let Some(strategy) = report.not_taken {
        writeln!(
            f,
            "  performed with strategy `random`: runs of {strategy} follow from one another, and a cut run from its seed"
        )?;
    }
    // The replay of a single run counts nothing.
    if lines.is_empty() {
        return Ok(());
    }
    let width = |way: Way| {
        let cells = lines.iter().flat_map(|line| &line.cells).filter(|(of, _)| *of == way);
        cells.map(|(_, text)| text.len()).chain([way.to_string().len()]).max().unwrap_or(0)
    };
    let place = lines.iter().map(|line| place(line.head).len()).chain([12]).max().unwrap_or(0);
    let mut header = format!("  {:place$}   {:MOMENT$}", "it waited at", "it was");
    for way in &ways {
        write!(header, "   {:1$}", way.to_string(), width(*way))?;
    }
    writeln!(f, "\n{}", header.trim_end())?;
    let mut last = None;
    for line in &lines {
        let at = self::place(line.head);
        let shown = if last.as_ref() == Some(&at) { "" } else { at.as_str() };
        let mut text = format!("  {shown:place$}   {:MOMENT$}", line.head.moment.to_string());
        for way in &ways {
            let cell = line.cells.iter().find(|(of, _)| of == way).map_or("-", |(_, text)| text);
            write!(text, "   {cell:0$}", width(*way))?;
        }
        writeln!(f, "{}", text.trim_end())?;
        last = Some(at);
    }
    Ok(())
}

/// The width of the longest [`Moment`].
const MOMENT: usize = 21;

fn lines(rows: &[Row]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in rows {
        let same = |line: &&mut Line<'_>| {
            (line.head.moment, &line.head.through, place(line.head)) == (row.moment, &row.through, place(row))
        };
        match lines.iter_mut().find(same) {
            Some(line) => line.cells.push((row.way, cell(row))),
            None => lines.push(Line { head: row, cells: vec![(row.way, cell(row))] }),
        }
    }
    lines
}

/// The innermost line of the user, and what is awaited there.
fn place(row: &Row) -> String {
    match (&row.place, &row.through) {
        _ if row.moment == Moment::BeforeFirstPoll => "(not begun)".into(),
        _ if row.moment == Moment::Ready => "(ended)".into(),
        (Some(place), _) => place.clone(),
        (None, Some(through)) => through.clone(),
        (None, None) => "an unknown place".into(),
    }
}

/// `ok (16)`, or what broke: `again hangs (4 of 16)`.
fn cell(row: &Row) -> String {
    if row.faults.is_empty() {
        return format!("ok ({})", row.runs);
    }
    let faults = row.faults.iter().map(|(fault, count)| match count {
        count if *count == row.runs => format!("{fault} ({count})"),
        count => format!("{fault} ({count} of {})", row.runs),
    });
    faults.collect::<Vec<_>>().join(", ")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn moments_fit_their_column() {
        for moment in Moment::ALL {
            assert!(moment.to_string().len() <= MOMENT);
        }
    }
}
