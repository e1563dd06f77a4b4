//! The order in which a transaction locks the two logs of which every writer needs the end: changes first, then the audit.
//! Of two transactions that lock them the other way round, each waits for the other, until PostgreSQL breaks one off.
//!
//! Debug builds check the order, on SQLite too, so that every test of a use case does.

use std::cell::Cell;

/// One of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    Changes,
    Audit,
}

thread_local! {
    /// The log that the transaction of this thread has locked first.
    static FIRST: Cell<Option<Log>> = const { Cell::new(None) };
}

/// Notes that a transaction begins, or has ended: it has locked neither.
pub(super) fn begin() {
    FIRST.set(None);
}

/// Notes that the transaction locks a log.
pub fn locks(log: Log) {
    let first = FIRST.get().unwrap_or(log);
    FIRST.set(Some(first));
    debug_assert!(
        (first, log) != (Log::Audit, Log::Changes),
        "a transaction enters into the audit before it logs its first change: collect what to enter, and append it last"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_first() {
        begin();
        [Log::Changes, Log::Audit, Log::Changes]
            .into_iter()
            .for_each(locks);
        begin();
        [Log::Audit, Log::Audit].into_iter().for_each(locks);
        let late = std::panic::catch_unwind(|| locks(Log::Changes));
        assert_eq!(late.is_err(), cfg!(debug_assertions));
        begin();
        locks(Log::Changes);
    }
}
