//! What errors of the database mean to a client.
//!
//! diesel hides the SQLSTATE of most errors, so some are told apart by their message. PostgreSQL's messages are in
//! English, because each connection asks for that.

use crate::error::{Error, Fault, Text};
use diesel::result::{DatabaseErrorKind as Kind, Error as DieselError};

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Error {
        match error {
            DieselError::DatabaseError(Kind::UniqueViolation, _) => Error::Conflict {
                code: "already_exists",
                detail: Text::new("すでに登録されています。", "This record already exists."),
            },
            DieselError::DatabaseError(_, info) if info.message().starts_with("prepared statement \"") => {
                let hint = "behind PgBouncer, set MUSUBI_DATABASE_PREPARES_STATEMENTS=false";
                Error::fault(Fault::Unreachable, format!("{}: {hint}", info.message()))
            }
            DieselError::DatabaseError(kind, info) => match fault_of(kind, info.message()) {
                Some(fault) => Error::fault(fault, info.message()),
                None => Error::Internal(info.message().to_owned()),
            },
            // The connection broke inside a transaction.
            DieselError::BrokenTransactionManager => Error::fault(Fault::Unreachable, error),
            // Why the commit failed matters more.
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Error::from(*commit_error),
            other => Error::Internal(other.to_string()),
        }
    }
}

/// What the messages of PostgreSQL and SQLite mean, the most specific ones first.
const MESSAGES: &[(&str, Fault)] = &[
    ("statement timeout", Fault::TimedOut),
    ("lock timeout", Fault::TimedOut),
    ("canceling statement due to user request", Fault::TimedOut),
    ("No space left on device", Fault::Full),
    ("Disk quota exceeded", Fault::Full),
    ("temp_file_limit", Fault::Full),
    ("database or disk is full", Fault::Full),
    ("deadlock detected", Fault::Busy),
    ("could not serialize access", Fault::Busy),
    ("due to conflict with recovery", Fault::Busy),
    ("cached plan must not change result type", Fault::Busy),
    ("too many clients", Fault::Busy),
    ("too many connections", Fault::Busy),
    ("no more connections allowed", Fault::Busy),
    ("remaining connection slots are reserved", Fault::Busy),
    ("out of memory", Fault::Busy),
    ("out of shared memory", Fault::Busy),
    // SQLite has one writer, and it took longer than we wait.
    ("is locked", Fault::Busy),
    ("readonly database", Fault::ReadOnly),
    ("read-only transaction", Fault::ReadOnly),
    ("during recovery", Fault::ReadOnly),
    ("no such table", Fault::ForeignSchema),
    ("no such column", Fault::ForeignSchema),
    ("has no column named", Fault::ForeignSchema),
    // The role lost its rights, as after a restore by another one.
    ("permission denied for ", Fault::Unusable),
    ("must be owner of ", Fault::Unusable),
    ("disk image is malformed", Fault::Unusable),
    ("file is not a database", Fault::Unusable),
    ("invalid page in block", Fault::Unusable),
    ("could not read block", Fault::Unusable),
    ("terminating connection", Fault::Unreachable),
    ("the database system is", Fault::Unreachable),
    ("server closed the connection", Fault::Unreachable),
    ("no connection to the server", Fault::Unreachable),
    ("Input/output error", Fault::Unreachable),
    ("disk I/O error", Fault::Unreachable),
    ("unable to open database file", Fault::Unreachable),
];

/// Returns what an error of the database is a sign of; none if it is a mistake of ours.
fn fault_of(kind: Kind, message: &str) -> Option<Fault> {
    match kind {
        Kind::ClosedConnection | Kind::UnableToSendCommand => return Some(Fault::Unreachable),
        Kind::SerializationFailure => return Some(Fault::Busy),
        Kind::ReadOnlyTransaction => return Some(Fault::ReadOnly),
        Kind::Unknown => {}
        _ => return None,
    }
    let known = MESSAGES.iter().find(|(part, _)| message.contains(part));
    known.map(|(_, fault)| *fault).or_else(|| {
        // PostgreSQL: column "x" of relation "y" does not exist.
        let names_a_part = message.starts_with("relation \"") || message.starts_with("column ");
        (names_a_part && message.ends_with("does not exist")).then_some(Fault::ForeignSchema)
    })
}

/// Returns why there is no connection: the last error of connecting, or all are in use.
pub fn no_connection(error: &diesel::r2d2::PoolError) -> Error {
    let reason = error.to_string();
    match reason.split_once(": ") {
        None => Error::fault(Fault::Busy, reason),
        Some((_, cause)) => Error::fault(
            fault_of(Kind::Unknown, cause).unwrap_or(Fault::Unreachable),
            reason,
        ),
    }
}

/// Returns what a failed `COMMIT` means: if the connection was lost, nobody knows whether it took effect.
pub fn of_commit(error: DieselError) -> Error {
    match Error::from(error) {
        Error::Fault {
            fault: Fault::Unreachable,
            reason,
        } => Error::fault(Fault::OutcomeUnknown, reason),
        other => other,
    }
}

/// Returns what a failed migration means. Its error is known by its text alone.
pub fn of_migration(error: impl std::fmt::Display) -> Error {
    let reason = format!("cannot migrate the database: {error}");
    match fault_of(Kind::Unknown, &reason) {
        Some(fault) => Error::fault(fault, reason),
        None => Error::Internal(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_faults_by_kind_and_message() {
        for (message, fault) in [
            ("canceling statement due to statement timeout", Fault::TimedOut),
            ("canceling statement due to lock timeout", Fault::TimedOut),
            (
                "could not extend file \"base/5/16402\": No space left on device",
                Fault::Full,
            ),
            ("database or disk is full", Fault::Full),
            ("database is locked", Fault::Busy),
            ("deadlock detected", Fault::Busy),
            ("sorry, too many clients already", Fault::Busy),
            ("attempt to write a readonly database", Fault::ReadOnly),
            (
                "cannot execute INSERT in a read-only transaction",
                Fault::ReadOnly,
            ),
            ("cannot assign TransactionIds during recovery", Fault::ReadOnly),
            ("column workers.colour does not exist", Fault::ForeignSchema),
            (
                "column \"colour\" of relation \"workers\" does not exist",
                Fault::ForeignSchema,
            ),
            ("relation \"colours\" does not exist", Fault::ForeignSchema),
            ("table workers has no column named colour", Fault::ForeignSchema),
            (
                "terminating connection due to administrator command",
                Fault::Unreachable,
            ),
            ("the database system is starting up", Fault::Unreachable),
            ("permission denied for table workers", Fault::Unusable),
            ("must be owner of table workers", Fault::Unusable),
            ("database disk image is malformed", Fault::Unusable),
            ("file is not a database", Fault::Unusable),
            (
                "invalid page in block 3 of relation base/5/16402",
                Fault::Unusable,
            ),
        ] {
            let error = DieselError::DatabaseError(Kind::Unknown, Box::new(message.to_owned()));
            let error = Error::from(error);
            assert!(
                matches!(&error, Error::Fault { fault: found, .. } if *found == fault),
                "{error}"
            );
            assert!(error.is_transient() && error.retry_after_s().is_some() && error.status() >= 503);
        }
        let mistake = |kind, message: &str| {
            let error = DieselError::DatabaseError(kind, Box::new(message.to_owned()));
            Error::from(error)
        };
        for error in [
            mistake(Kind::Unknown, "syntax error at or near \"SELEC\""),
            mistake(Kind::NotNullViolation, "null value in column \"x\""),
            mistake(Kind::Unknown, "malformed JSON"),
            mistake(Kind::Unknown, "malformed array literal: \"x\""),
        ] {
            assert!(matches!(error, Error::Internal(_)) && !error.is_transient());
        }
    }
}
