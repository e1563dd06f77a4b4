//! The rows of a file in batches, with what a run reads beside them and how fast it is.

use super::ImportProgress;
use super::file::JobFile;
use super::rows::{BatchContext, ExternalIds};
use crate::error::{Error, Result, Text};
use crate::imports::finding::Finding;
use crate::imports::kinds::layout::{MOST_ABOVE, TableBelow, blank_rows, with_values_above};
use crate::imports::kinds::months::Months;
use crate::imports::kinds::sections::{Places, ROWS_BELOW};
use crate::imports::kinds::states::States;
use crate::imports::vocabulary::Vocabulary;
use std::collections::VecDeque;
use std::time::Instant as Clock;
use tables::{Row, Rows, Survey};

/// Rows of one transaction: few enough that other writers wait only a moment.
pub const STEP: usize = 500;
/// Bytes of rows after which a transaction gets no more.
const STEP_BYTES: usize = 8 * 1024 * 1024;

/// The rows of a file, and what its columns mean.
pub struct Read<'r, 'b> {
    pub batch: &'r BatchContext<'b>,
    pub batches: Batches<'b>,
    pub about_columns: Vec<Finding>,
}

/// Measures the rows per second of one run.
pub struct Speed {
    pub began: Clock,
    /// Rows that were done when the run began.
    pub rows_before: u64,
}

impl Speed {
    pub fn add(&self, progress: &mut ImportProgress, counts: &ImportProgress) {
        progress.add(counts);
        let seconds = self.began.elapsed().as_secs_f64();
        if seconds > 0.1 {
            let rows = progress.rows_read.saturating_sub(self.rows_before);
            progress.rows_per_second = Some((rows as f64 / seconds) as u64);
        }
    }
}

/// The rows of a file in batches, with the external ids of the batches so far.
pub struct Batches<'s> {
    rows: Rows<'s>,
    pub ids: ExternalIds,
    /// The last rows of the batch before.
    above: Vec<Row>,
    /// How many columns one of several tables has that stand side by side.
    pub width_of_one: Option<usize>,
    /// What is left of a row with several tables.
    pieces: VecDeque<Row>,
    /// Rows that were read to see what a row above them is.
    ahead: VecDeque<Row>,
    /// The last rows with several tables, the closest first.
    whole_above: VecDeque<Row>,
    /// Whether a cell may say "as above"; in what Musubi wrote, it doesn't.
    has_dittos: bool,
    /// Tells the rows of another table below.
    pub below: Option<TableBelow>,
    /// Puts the month of a calendar beside its days.
    pub months: Option<Months>,
    /// Adds to each row the place that its sheet or section names.
    pub places: Option<(Places, &'s Vocabulary<'s>)>,
    /// Adds to each row what a section or a remark says about who is still there.
    pub states: Option<States>,
}

impl<'s> Batches<'s> {
    pub fn new(survey: &'s Survey, file: &'s JobFile, has_dittos: bool) -> Result<Batches<'s>> {
        Ok(Batches {
            rows: survey.rows(file)?,
            ids: ExternalIds::default(),
            above: Vec::new(),
            width_of_one: None,
            pieces: VecDeque::new(),
            ahead: VecDeque::new(),
            whole_above: VecDeque::new(),
            has_dittos,
            below: None,
            months: None,
            places: None,
            states: None,
        })
    }

    fn next(&mut self) -> Result<Option<Row>> {
        match self.ahead.pop_front() {
            Some(row) => Ok(Some(row)),
            None => self.read(),
        }
    }

    /// Returns the rows that come next, at most this many.
    fn ahead(&mut self, most: usize) -> Result<&[Row]> {
        while self.ahead.len() < most {
            let Some(row) = self.read()? else { break };
            self.ahead.push_back(row);
        }
        Ok(self.ahead.make_contiguous())
    }

    /// Reads the next row, or the next piece of one that has rows of several tables.
    fn read(&mut self) -> Result<Option<Row>> {
        if let Some(piece) = self.pieces.pop_front() {
            return Ok(Some(piece));
        }
        let mut row = Row::default();
        while self.rows.next(&mut row)? {
            let Some(width) = self.width_of_one else {
                if let Some(below) = &mut self.below {
                    below.mark(&mut row);
                }
                return Ok(Some(row));
            };
            if self.has_dittos {
                row = with_values_above(row, self.whole_above.iter(), usize::MAX);
                self.whole_above.truncate(MOST_ABOVE - 1);
                self.whole_above.push_front(row.clone());
            }
            self.pieces = row.pieces(width).into();
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Returns how many columns rows have without those that are added to them.
    fn own_width(&self) -> usize {
        let of_places = self.places.as_ref().map(|(places, _)| places.own_width());
        let of_states = self.states.as_ref().map(States::own_width);
        of_places.or(of_states).unwrap_or(usize::MAX)
    }

    /// Takes the next rows; none after the last.
    pub fn take(&mut self) -> Result<Option<Vec<Row>>> {
        let width = self.own_width();
        let mut rows: Vec<Row> = Vec::with_capacity(STEP);
        let mut bytes = 0;
        while rows.len() < STEP && bytes < STEP_BYTES {
            let Some(mut row) = self.next()? else { break };
            bytes += row.size_bytes();
            // First, so that a place or a state above counts as if it were written again.
            if self.has_dittos && self.width_of_one.is_none() {
                let above = rows.iter().rev().chain(self.above.iter().rev());
                row = with_values_above(row, above, width);
            }
            if let Some(months) = &mut self.months {
                let is_blank = months.is_blank(&row);
                row = months.add(row);
                if is_blank {
                    row.skipped = Some(blank_rows(1));
                }
            }
            if let Some((mut places, vocabulary)) = self.places.take() {
                let below = match places.is_doubtful(&row, vocabulary) {
                    true => self.ahead(ROWS_BELOW)?,
                    false => &[],
                };
                row = places.add(row, below, vocabulary);
                self.places = Some((places, vocabulary));
            }
            if let Some(states) = &mut self.states {
                row = states.add(row);
            }
            rows.push(row);
        }
        let last = rows.iter().rev().take(MOST_ABOVE).rev();
        self.above = last.cloned().collect();
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }
}

/// Refuses more rows than one transaction may write.
pub fn too_many_at_once(ja: &str, en: &str) -> Error {
    Error::Conflict {
        code: "too_many_at_once",
        detail: Text::new(
            format!(
                "一度にまとめて取り込めるのは{ja}までです。ファイルを分割するか、「取り込める行を取り込む」（best_effort）で取り込んでください。"
            ),
            format!("Up to {en} can be imported at once. Split the file, or use best_effort."),
        ),
    }
}
