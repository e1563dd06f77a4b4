//! Finding text by any part of a word, in Japanese too, whatever the width and case, with an index under it.
//!
//! A searchable row keeps its text as *grams*: folded, without anything but letters and digits, cut into
//! overlapping pairs of characters with spaces between ("町会A" → "町会 会a a"). SQLite indexes them by FTS5,
//! PostgreSQL by a GIN index over a tsvector made of them.

use super::{Backend, Db};
use crate::matcher::text::fold;
use diesel::BoolExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::sql_types::{Bool, Text};

/// The column's text. Each argument is a text of its own: no gram spans two.
pub fn grams<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let of_text = |text: &str| {
        let letters: Vec<char> = letters(text);
        let pair = |i: usize| letters.iter().skip(i).take(2).collect::<String>();
        (0..letters.len()).map(pair).collect::<Vec<_>>().join(" ")
    };
    // Two spaces between texts, so that a run of grams never matches across them.
    texts
        .into_iter()
        .map(of_text)
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}

fn letters(text: &str) -> Vec<char> {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A condition on the rows of `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Bool>>;

/// One condition for each word of the text (parted by space): some column has to hold it. Text without a letter
/// or digit asks nothing.
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
            // A phrase: the grams side by side. A single letter is found as the beginning of a pair.
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
                // The index finds rows with all the grams; that they stand side by side is asked of the text.
                let side_by_side = indexed.sql(&format!(" AS tsquery) AND {table}.{column} LIKE "));
                Box::new(side_by_side.bind::<Text, _>(pattern.clone()).sql(")"))
            };
            let all = columns.iter().map(in_column);
            all.reduce(|one, other| Box::new(one.or(other)))
                .unwrap_or_else(|| Box::new(sql::<Bool>("false")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grams_ignore_width_case_and_punctuation() {
        assert_eq!(grams(["ＮＰＯ・風"]), "np po o風 風");
        assert_eq!(grams(["町会", "", "A"]), "町会 会  a");
        assert_eq!(grams([" 、"]), "");
    }
}
