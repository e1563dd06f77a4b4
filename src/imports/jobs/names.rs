//! The names of a file. In a list without ids they tell that somebody's number or address has changed.

use super::file::JobFile;
use crate::db::Id;
use crate::duplicates::people::{plain_name, without_title};
use crate::error::Result;
use crate::imports::columns::Columns;
use crate::imports::kinds::reading::Reading;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use tables::cells::one_line;
use tables::{Remark, Row, Survey};

/// The names of the people in a file, as hashes, each with whether it is there more than once.
pub struct Names(HashMap<u64, bool>);

impl Names {
    /// Reads the names of a file. `width_of_one` is how many columns one of several tables has that stand side by side.
    pub fn of_file(
        survey: &Survey,
        file: &JobFile,
        columns: &Columns,
        width_of_one: Option<usize>,
    ) -> Result<Names> {
        let mut names = Names(HashMap::new());
        let (mut rows, mut row) = (survey.rows(file)?, Row::default());
        while rows.next(&mut row)? {
            match width_of_one {
                Some(width) => row
                    .pieces(width)
                    .iter()
                    .for_each(|piece| names.add(piece, columns)),
                None => names.add(&row, columns),
            }
        }
        Ok(names)
    }

    fn add(&mut self, row: &Row, columns: &Columns) {
        let reading = Reading::of(row, columns);
        let text = |field: &str| reading.text(field).unwrap_or_default();
        let both = [text("family_name"), text("given_name")].concat();
        let written = if both.is_empty() { text("name") } else { &both };
        let name = plain_name(&without_title(&one_line(written)));
        let seen = self.0.entry(hash(&name));
        seen.and_modify(|is_shared| *is_shared = true).or_insert(false);
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(&hash(name))
    }

    /// Returns whether only one row has this name.
    pub fn is_alone(&self, name: &str) -> bool {
        self.0.get(&hash(name)) == Some(&false)
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

pub fn known_by_name() -> Remark {
    Remark::new(
        "known_by_name",
        "連絡先・読み仮名・区市町村のいずれかが前回までと違いますが、この出所に同じ氏名・区市町村の方は1人だけのため、その方の登録を更新しました。別の方の場合は、この取り込みを取り消し、IDの列を加えて送信してください。",
        "The phone number, e-mail address, reading or municipality isn't the one from before. As only one person of this source has this name and municipality, their record was updated. If this is somebody else, undo the import, add a column with ids, and send the file again.",
    )
}

pub fn possible_duplicate(other: Id) -> Remark {
    let remark = Remark::new(
        "possible_duplicate",
        "この出所には、連絡先の違う同じ氏名・区市町村の方がすでに登録されています。同じ方か判断できないため、新しく登録しました。同じ方の場合は、重複の一覧で統合してください。",
        "This source has already brought somebody with this name and municipality, but with another phone number or e-mail address. It isn't clear whether they are the same, so this row was registered anew. If they are, merge them in the list of duplicates.",
    );
    remark.suggesting(Some(format!("/v1/workers/{other}")))
}

pub fn written_otherwise(other: Id) -> Remark {
    let remark = Remark::new(
        "possible_duplicate",
        "この出所には、連絡先が同じで、氏名の表記（漢字・かな・ローマ字）が違う方がすでに登録されています。同じ方か判断できないため、新しく登録しました。同じ方の場合は、重複の一覧で統合してください。",
        "This source has already brought somebody with this phone number, whose name is written in another script. It isn't clear whether they are the same, so this row was registered anew. If they are, merge them in the list of duplicates.",
    );
    remark.suggesting(Some(format!("/v1/workers/{other}")))
}
