//! Positions in the change log: `1284-9f3a2c51`.

use crate::error::{Error, Result, Text};
use serde::{Serialize, Serializer};

/// Where a follower goes on: after which change, in which log, and with which sight. A position is worth nothing to a
/// follower who has come to see other records: what became visible to them is in no change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub seq: i64,
    pub mark: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}-{:08x}", self.seq, self.mark)
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Position {
    /// Parses the value of a parameter.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Position> {
        let parts = text.split_once('-').filter(|(_, mark)| mark.len() == 8);
        let position = parts.and_then(|(seq, mark)| {
            let seq = seq.parse().ok().filter(|_| seq.len() <= 18)?;
            let mark = u32::from_str_radix(mark, 16).ok()?;
            Some(Position { seq, mark })
        });
        position
            .filter(|position| position.to_string() == text)
            .ok_or_else(|| {
                let rule = Text::new(
                    "Musubi-Position ヘッダーまたは position の値を指定してください。",
                    "Use the value of the header Musubi-Position or of position.",
                );
                Error::parameter(parameter, "invalid_position", rule)
            })
    }
}

/// The log no longer has everything after the position.
pub fn expired() -> Error {
    Error::Gone {
        code: "expired_position",
        detail: Text::new(
            "この位置より後の変更の一部は、保存期間を過ぎたため残っていません。一覧をもう一度取得し、そのときの位置から追跡してください。",
            "Some changes after this position are no longer kept. List everything again, and follow from the position of that list.",
        ),
    }
}

/// The position is of other permissions, or of another log.
pub fn foreign() -> Error {
    Error::Gone {
        code: "foreign_position",
        detail: Text::new(
            "この位置は、権限が変わる前、またはデータベースが復元される前のものです。一覧をもう一度取得し、そのときの位置から追跡してください。",
            "This position is from before your permissions changed, or before the database was restored. List everything again, and follow from the position of that list.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_only_what_it_writes() {
        let position = Position {
            seq: 1284,
            mark: 0x00ab_cdef,
        };
        assert_eq!(position.to_string(), "1284-00abcdef");
        assert_eq!(Position::parse("after", "1284-00abcdef").unwrap(), position);
        for broken in [
            "",
            "1284",
            "-1-00abcdef",
            "1284-abcdef",
            "01284-00abcdef",
            "1284-00ABCDEF",
            "９-00abcdef",
        ] {
            assert!(Position::parse("after", broken).is_err(), "{broken}");
        }
    }
}
