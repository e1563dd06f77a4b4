//! Indexed text search by any part of a word, also in Japanese. Width and case don't matter.
//!
//! A searchable row stores its text as *grams*: folded, only letters and digits, cut into overlapping pairs of characters
//! separated by spaces ("町会A" → "町会 会a a"). SQLite indexes them with FTS5, PostgreSQL with a GIN index over a
//! tsvector.

use super::{Backend, Db};
use diesel::BoolExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::sql_types::{Bool, Text};
use text::letters;

/// A condition on the rows of `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Bool>>;

/// Returns one condition for each word of the text: one of the columns must contain it. A text without letters and
/// digits gives no condition.
pub fn conditions<T: 'static>(db: &Db, table: &str, columns: &[&str], text: &str) -> Vec<Condition<T>> {
    let words = text
        .split_whitespace()
        .map(letters)
        .filter(|word| !word.is_empty());
    words.map(|word| condition(db, table, columns, &word)).collect()
}

fn condition<T: 'static>(db: &Db, table: &str, columns: &[&str], word: &[char]) -> Condition<T> {
    let grams: Vec<String> = match word {
        [one] => vec![one.to_string()],
        many => many.windows(2).map(|pair| pair.iter().collect()).collect(),
    };
    match db {
        Db::Sqlite(_) => {
            // A phrase: the grams next to each other. A single letter is the beginning of a pair.
            let prefix = if grams.len() == 1 && word.len() == 1 {
                " *"
            } else {
                ""
            };
            let asked = format!("{{{}}} : \"{}\"{prefix}", columns.join(" "), grams.join(" "));
            let head = format!("{table}.seq IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH ");
            Box::new(sql::<Bool>(&head).bind::<Text, _>(asked).sql(")"))
        }
        Db::Pg(_) => {
            let lexemes: Vec<String> = grams.iter().map(|gram| format!("'{gram}':*")).collect();
            let (lexemes, pattern) = (lexemes.join(" & "), format!("%{}%", grams.join(" ")));
            let in_column = |column: &&str| -> Condition<T> {
                let vector =
                    format!("array_to_tsvector(array_remove(string_to_array({table}.{column}, ' '), ''))");
                let indexed = sql::<Bool>(&format!("({vector} @@ CAST(")).bind::<Text, _>(lexemes.clone());
                // The index finds rows with all the grams, the text those where they are next to each other.
                let side_by_side = indexed.sql(&format!(" AS tsquery) AND {table}.{column} LIKE "));
                Box::new(side_by_side.bind::<Text, _>(pattern.clone()).sql(")"))
            };
            let all = columns.iter().map(in_column);
            all.reduce(|one, other| Box::new(one.or(other)))
                .unwrap_or_else(|| Box::new(sql::<Bool>("false")))
        }
    }
}
