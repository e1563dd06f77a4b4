//! Looks through a whole file for whom it names, before anything of it is understood: also above the headings, in notes, in columns
//! and sheets that nobody reads, and in a file that fails.

use super::Import;
use super::file::JobFile;
use super::lease::{JobEnd, Lease};
use super::people::{Lines, RowPerson};
use super::store::{self, people};
use crate::auth;
use crate::db::Db;
use std::collections::HashSet;
use tables::{Hints, Row, Rows, Survey};

/// How many people one part has, about.
const PART: usize = 5_000;
/// How many sheets are looked through that are hidden or beyond those that are opened: each one takes reading the workbook again.
const MOST_SHEETS: usize = 20;

/// Looks through a file, unless an earlier run has done so.
pub fn look(lease: &Lease, job: &Import, survey: &Survey, file: &JobFile) -> Result<(), JobEnd> {
    if lease
        .pool
        .read_blocking(|db| people::is_looked_through(db, job.id))?
    {
        return Ok(());
    }
    let digests = lease.pool.write_blocking(auth::store::digests)?;
    let mut lines = Lines::new(&digests);
    let mut parts = Parts {
        lease,
        job,
        found: Vec::new(),
        written: 0,
    };
    parts.write(|db| people::begin(db, job.id))?;
    let is_one_table = survey.detected.sheet.is_none();
    let read_sheets: HashSet<usize> = survey.header_lines().map(|(sheet, _)| sheet).collect();
    // Also of the rows: those of an import that fails or of an archive are never read by their columns.
    parts.add(survey.rows_of_all_sheets(file)?, |row| {
        let is_read = is_one_table || read_sheets.contains(&row.sheet);
        lines.people(line_of(row, is_read), row)
    })?;
    for name in unopened(job, survey) {
        let hints = Hints {
            sheet: Some(name),
            ..Hints::default()
        };
        match lease.workbooks.survey(file, &|| file.check(), &hints, &|_| 0) {
            Ok(sheet) => parts.add(sheet.rows_of_all_sheets(file)?, |row| {
                lines.people(line_of(row, false), row)
            })?,
            // Nobody can read it.
            Err(tables::Error::Invalid { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let rest = std::mem::take(&mut parts.found);
    parts.write(|db| people::end(db, job.id, &rest))
}

/// Returns the sheets of a workbook whose cells are not in its survey.
fn unopened(job: &Import, survey: &Survey) -> Vec<String> {
    let detected = &survey.detected;
    let asked = job.options.hints().sheet;
    let is_unopened = |name: &&String| match &asked {
        Some(asked) => *name != asked,
        None => detected.hidden_sheets.contains(name) || detected.unopened_sheets.contains(name),
    };
    let names = detected.sheets.iter().filter(is_unopened);
    names.take(MOST_SHEETS).cloned().collect()
}

/// Returns the number of a line. Those of sheets that aren't read are beyond all lines of the table, each sheet's for themselves.
fn line_of(row: &Row, is_read: bool) -> u32 {
    const BEYOND: u32 = 1 << 31;
    let line = row.line.min(u64::from(BEYOND - 1)) as u32;
    match is_read {
        true => line,
        false => BEYOND | ((row.sheet as u32) << 21).wrapping_add(line),
    }
}

/// What was found, written part by part so that memory doesn't grow with the file.
struct Parts<'l> {
    lease: &'l Lease<'l>,
    job: &'l Import,
    found: Vec<RowPerson>,
    written: i64,
}

impl Parts<'_> {
    fn add(&mut self, mut rows: Rows<'_>, mut of: impl FnMut(&Row) -> Vec<RowPerson>) -> Result<(), JobEnd> {
        let mut row = Row::default();
        while rows.next(&mut row)? {
            self.found.extend(of(&row));
            // A line is never in two parts.
            if self.found.len() >= PART {
                let (part, at) = (std::mem::take(&mut self.found), self.written);
                self.write(|db| people::add(db, self.job.id, at, &part))?;
                self.written += 1;
            }
        }
        Ok(())
    }

    /// Writes, and renews the lease.
    fn write(&self, work: impl FnOnce(&mut Db) -> crate::error::Result<()>) -> Result<(), JobEnd> {
        let (id, duration) = (self.lease.id, self.lease.duration);
        let renewed = self.lease.write(|db| {
            work(db)?;
            Ok(((), store::renew(db, self.job.id, id, duration)?))
        });
        renewed.map(|((), _)| ())
    }
}
