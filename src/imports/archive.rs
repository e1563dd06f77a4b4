//! Published archives: what their files have in common, and why one can't be read.

use crate::error::{Error, Text};
use std::fmt;

/// The source of records that come from the archive.
pub const SOURCE: &str = "hometown";

/// A file with its name.
pub struct ArchiveFile<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// A cell that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line of the file; the header is line 1.
    pub line: u64,
    pub column: String,
    pub value: String,
    pub code: &'static str,
    pub message: Text,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Fault {
            line,
            column,
            value,
            code,
            message,
        } = self;
        write!(f, "line {line}, {column} {value:?}: {} [{code}]", message.en)
    }
}

/// Why an archive, or its declared totals, can't be read. Each of these may be shown to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveError {
    /// The first line has control characters.
    BinaryFile,
    /// The first line has a byte that isn't UTF-8, after this many that are.
    NotUtf8 {
        valid_bytes: usize,
    },
    InvalidCsv(String),
    MissingColumns {
        missing: String,
        expected: String,
        found: String,
    },
    /// A cell of the declared totals that can't be parsed.
    InvalidTotal {
        line: u64,
        column: &'static str,
        value: String,
    },
    /// The declared totals have the same year and category twice.
    DuplicateTotal {
        line: u64,
    },
}

impl ArchiveError {
    fn message(&self) -> Text {
        match self {
            ArchiveError::BinaryFile => Text::new(
                "CSVファイルではありません。先頭の行に制御文字があります。",
                "This is a binary file, not CSV: its first line has control characters.",
            ),
            ArchiveError::NotUtf8 { valid_bytes } => Text::new(
                "UTF-8のファイルではありません。Shift_JISの場合は「CSV UTF-8」として保存し直してください。",
                format!(
                    "The file is not UTF-8 (after {valid_bytes} bytes of its first line). If it is Shift_JIS, save \
                     it as \"CSV UTF-8\"."
                ),
            ),
            ArchiveError::InvalidCsv(reason) => Text::new(
                "CSVとして読み取れません。",
                format!("The file is not valid CSV: {reason}."),
            ),
            ArchiveError::MissingColumns {
                missing,
                expected,
                found,
            } => Text::new(
                format!(
                    "見出し {missing} がありません。必要な見出しは {expected} です（ファイルの見出し：{found}）。"
                ),
                format!("The header lacks {missing}: expected {expected}, found {found}."),
            ),
            ArchiveError::InvalidTotal { line, column, value } => Text::new(
                format!("公表値の{line}行目の{column}「{value}」を読み取れません。"),
                format!("Line {line} of the declared totals has an invalid {column}: {value:?}."),
            ),
            ArchiveError::DuplicateTotal { line } => Text::new(
                format!("公表値の{line}行目と同じ年度・区分の行がすでにあります。"),
                format!("Line {line} of the declared totals repeats a year and category."),
            ),
        }
    }
}

impl From<ArchiveError> for Error {
    fn from(error: ArchiveError) -> Error {
        Error::invalid("/file", "invalid_archive", error.message())
    }
}

impl From<csv::Error> for ArchiveError {
    fn from(error: csv::Error) -> ArchiveError {
        ArchiveError::InvalidCsv(error.to_string())
    }
}

/// Checks the first line and returns the bytes without a byte order mark. A binary file or another encoding
/// shows in the header.
pub fn check_text(bytes: &[u8]) -> Result<&[u8], ArchiveError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let header = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(header) {
        Ok(header) if header.chars().any(|c| c.is_control() && c != '\r' && c != '\t') => {
            Err(ArchiveError::BinaryFile)
        }
        Ok(_) => Ok(bytes),
        Err(e) => Err(ArchiveError::NotUtf8 {
            valid_bytes: e.valid_up_to(),
        }),
    }
}

/// Finds the position of each expected column in the header, in any order.
pub fn find_columns<const N: usize>(
    header: &csv::StringRecord,
    expected: [&str; N],
) -> Result<[usize; N], ArchiveError> {
    let positions = expected.map(|name| header.iter().position(|cell| cell.trim() == name));
    let missing: Vec<&str> = expected
        .iter()
        .zip(&positions)
        .filter(|(_, position)| position.is_none())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(positions.map(Option::unwrap_or_default));
    }
    let found = header.iter().collect::<Vec<_>>().join(",");
    Err(ArchiveError::MissingColumns {
        missing: missing.join(", "),
        expected: expected.join(","),
        found: found.chars().take(200).collect(),
    })
}
