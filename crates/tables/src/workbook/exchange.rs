//! Reads a workbook in another process: what goes in, and what comes out.
//!
//! In goes the name of the sheet as JSON (or null) and a line feed, then the file. Out come pieces of the
//! sheet's CSV, each with its length before it (four bytes, little-endian). A length of 0 ends them; the
//! outcome follows as JSON.

use super::faults::{CODES, too_large};
use super::read_sheet;
use crate::error::{Error, Result};
use crate::format::DetectedFormat;
use crate::limits::{MAX_SHEET_BYTES, MAX_WORKBOOK_BYTES};
use crate::source::Source;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};
use text::Text;

/// The largest outcome in bytes.
const MAX_OUTCOME_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
enum Outcome {
    Read(DetectedFormat),
    Refused { code: String, ja: String, en: String },
}

/// Sends a workbook.
pub fn send(sheet: Option<&str>, workbook: &dyn Source, output: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *output, &sheet)?;
    output.write_all(b"\n")?;
    io::copy(&mut workbook.open()?, output)?;
    output.flush()
}

/// Receives a workbook, reads it, and sends its sheet.
pub fn answer(mut input: impl BufRead, mut output: impl Write) -> Result<()> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    let sheet: Option<String> = serde_json::from_slice(&line).map_err(io::Error::from)?;
    let mut workbook = Vec::new();
    input.take(MAX_WORKBOOK_BYTES).read_to_end(&mut workbook)?;
    let read = read_sheet(&workbook, sheet.as_deref(), &mut Pieces(&mut output));
    let outcome = match read {
        Ok(detected) => Outcome::Read(detected),
        Err(Error::Invalid { code, message }) => Outcome::Refused {
            code: code.to_owned(),
            ja: message.ja.into_owned(),
            en: message.en.into_owned(),
        },
        Err(Error::Io(e)) => return Err(e.into()),
    };
    output.write_all(&0u32.to_le_bytes())?;
    serde_json::to_writer(&mut output, &outcome).map_err(io::Error::from)?;
    output.flush()?;
    Ok(())
}

/// Receives a sheet, and writes its CSV into `rows`. Fails with [`Error::Io`] if the other process ended
/// before it had sent all.
pub fn receive(mut input: impl Read, rows: &mut impl Write) -> Result<DetectedFormat> {
    let mut length = [0; 4];
    let mut all = 0u64;
    loop {
        input.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        if length == 0 {
            break;
        }
        all += length;
        if all > MAX_SHEET_BYTES {
            return Err(too_large());
        }
        if io::copy(&mut input.by_ref().take(length), rows)? < length {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    rows.flush()?;
    let mut outcome = Vec::new();
    input.take(MAX_OUTCOME_BYTES).read_to_end(&mut outcome)?;
    match serde_json::from_slice(&outcome).map_err(io::Error::from)? {
        Outcome::Read(detected) => Ok(detected),
        Outcome::Refused { code, ja, en } => {
            let known = CODES.iter().find(|known| **known == code);
            Err(Error::Invalid {
                code: known.copied().unwrap_or("damaged_workbook"),
                message: Text::new(ja, en),
            })
        }
    }
}

/// Writes pieces with their lengths.
struct Pieces<'o, W>(&'o mut W);

impl<W: Write> Write for Pieces<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..64 * 1024).unwrap_or(bytes);
        if !piece.is_empty() {
            self.0.write_all(&(piece.len() as u32).to_le_bytes())?;
            self.0.write_all(piece)?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
