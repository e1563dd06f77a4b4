//! What errors of the database mean to a client.

use crate::error::{Error, Text};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Error {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Error::Conflict {
                code: "already_exists",
                detail: Text::new("すでに登録されています。", "This record already exists."),
            },
            // SQLite has one writer, and it took longer than we wait.
            DieselError::DatabaseError(_, info) if info.message().contains("database is locked") => {
                let en = "The database is busy. Try again later.";
                Error::Unavailable(Text::new(
                    "データベースが混み合っています。しばらくしてからもう一度お試しください。",
                    en,
                ))
            }
            other => Error::Internal(other.to_string()),
        }
    }
}
