//! Indexed text search by any part of a word, also in Japanese. Width, case, accents, kana and old kanji don't matter.
//!
//! A searchable row stores its text as *grams*: folded, only letters and digits, cut into overlapping pairs of characters
//! separated by spaces ("町会A" → "町会 会a a"). A search for signs alone (☆, *) finds those signs. SQLite indexes them with FTS5, PostgreSQL with a GIN index over a
//! tsvector.

use super::{Backend, Db};
use diesel::BoolExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::sql_types::{Bool, Text};
use text::{letters, marks};

/// A condition on the rows of `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Bool>>;

/// What one word of a search asks for: grams next to each other, or one sign.
pub struct Word {
    grams: Vec<String>,
    /// Whether it is the beginning of a gram, because the word has one letter.
    is_beginning: bool,
}

/// Splits a search into words. Signs count in words that consist of signs only.
pub fn words(text: &str) -> Vec<Word> {
    let of_signs = |word: &str| {
        let sign = |sign: char| Word {
            grams: vec![sign.to_string()],
            is_beginning: false,
        };
        marks(word).into_iter().map(sign).collect()
    };
    let word = |word: &str| match &letters(word)[..] {
        [] => of_signs(word),
        [one] => vec![Word {
            grams: vec![one.to_string()],
            is_beginning: true,
        }],
        many => vec![Word {
            grams: many.windows(2).map(|pair| pair.iter().collect()).collect(),
            is_beginning: false,
        }],
    };
    text.split_whitespace().flat_map(word).collect()
}

/// Returns one condition for each word of the text: one of the columns must contain it.
pub fn conditions<T: 'static>(db: &Db, table: &str, columns: &[&str], text: &str) -> Vec<Condition<T>> {
    let words = words(text);
    words
        .iter()
        .map(|word| condition(db, table, columns, word))
        .collect()
}

/// Returns the condition that one of the columns contains the word.
pub fn condition<T: 'static>(db: &Db, table: &str, columns: &[&str], word: &Word) -> Condition<T> {
    within(db, "", "", table, columns, word)
}

/// Returns the same condition within SQL that begins before it and ends after it.
pub fn within<T: 'static>(
    db: &Db,
    begin: &str,
    end: &str,
    table: &str,
    columns: &[&str],
    word: &Word,
) -> Condition<T> {
    let Word { grams, is_beginning } = word;
    match db {
        Db::Sqlite(_) => {
            // A phrase: the grams next to each other.
            let prefix = if *is_beginning { " *" } else { "" };
            let asked = format!("{{{}}} : \"{}\"{prefix}", columns.join(" "), grams.join(" "));
            let head =
                format!("{begin}{table}.seq IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH ");
            Box::new(sql::<Bool>(&head).bind::<Text, _>(asked).sql(&format!("){end}")))
        }
        Db::Pg(_) => {
            let lexemes: Vec<String> = grams.iter().map(|gram| format!("'{gram}':*")).collect();
            let (lexemes, pattern) = (lexemes.join(" & "), format!("%{}%", grams.join(" ")));
            let in_column = |column: &&str| -> Condition<T> {
                let vector =
                    format!("array_to_tsvector(array_remove(string_to_array({table}.{column}, ' '), ''))");
                let indexed =
                    sql::<Bool>(&format!("{begin}({vector} @@ CAST(")).bind::<Text, _>(lexemes.clone());
                // The index finds rows with all the grams, the text those where they are next to each other.
                let side_by_side = indexed.sql(&format!(" AS tsquery) AND {table}.{column} LIKE "));
                Box::new(
                    side_by_side
                        .bind::<Text, _>(pattern.clone())
                        .sql(&format!("){end}")),
                )
            };
            let all = columns.iter().map(in_column);
            all.reduce(|one, other| Box::new(one.or(other)))
                .unwrap_or_else(|| Box::new(sql::<Bool>("false")))
        }
    }
}

/// Returns the condition that one of the texts in a column ends with one of these texts, `None` if they have no letters. It is
/// asked of the index in one go, however many there are.
pub fn ends_with_any<T: 'static>(db: &Db, table: &str, column: &str, texts: &[&str]) -> Option<Condition<T>> {
    let grams = |text: &&str| -> Option<String> {
        let has_letters = !letters(text).is_empty();
        let grams = text::grams([*text]);
        has_letters.then(|| grams.split("  ").next().unwrap_or_default().to_owned())
    };
    let texts: Vec<String> = texts.iter().filter_map(grams).collect();
    if texts.is_empty() {
        return None;
    }
    let condition: Condition<T> = match db {
        Db::Sqlite(_) => {
            let phrases: Vec<String> = texts.iter().map(|grams| format!("\"{grams}\"")).collect();
            let asked = format!("{{{column}}} : ({})", phrases.join(" OR "));
            let head = format!("{table}.seq IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH ");
            Box::new(sql::<Bool>(&head).bind::<Text, _>(asked).sql(")"))
        }
        Db::Pg(_) => {
            let all_of = |grams: &String| {
                let lexemes: Vec<String> = grams.split(' ').map(|gram| format!("'{gram}'")).collect();
                format!("({})", lexemes.join(" & "))
            };
            let asked = texts.iter().map(all_of).collect::<Vec<_>>().join(" | ");
            let head = format!(
                "array_to_tsvector(array_remove(string_to_array({table}.{column}, ' '), '')) @@ CAST("
            );
            Box::new(sql::<Bool>(&head).bind::<Text, _>(asked).sql(" AS tsquery)"))
        }
    };
    Some(condition)
}
