//! Why a file can't be read.

use std::borrow::Cow;
use std::fmt;
use std::io;
use text::Text;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file can't be read.
#[derive(Debug)]
pub enum Error {
    /// The file breaks a rule.
    Invalid {
        /// Stable: clients may depend on it.
        code: &'static str,
        message: Text,
    },
    /// The bytes of the file could not be read. Contains the error of the [`Source`](crate::Source).
    Io(io::Error),
}

impl Error {
    pub fn invalid(
        code: &'static str,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::Invalid {
            code,
            message: Text::new(ja, en),
        }
    }

    /// A file without a single byte.
    pub fn empty_file() -> Error {
        Error::invalid("empty_file", "ファイルが空です。", "The file is empty.")
    }

    pub(crate) fn too_many_columns() -> Error {
        let most = crate::limits::MAX_COLUMNS;
        Error::invalid(
            "too_many_columns",
            format!("列は{most}列までです。"),
            format!("A file can have up to {most} columns."),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Invalid { code, message } => write!(f, "{code}: {}", message.en),
            Error::Io(e) => write!(f, "the file can't be read: {e}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Invalid { .. } => None,
            Error::Io(e) => Some(e),
        }
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Error {
        Error::Io(e)
    }
}
