//! Indexed text search by any part of a word, also in Japanese. Width, case, accents, kana and old kanji don't matter.
//!
//! A searchable row stores its text as *grams*: folded, only letters and digits, cut into overlapping pairs of characters
//! separated by spaces ("町会A" → "町会 会a a"). A search for signs alone (☆, *) finds those signs, one for C++ that word, and
//! one for ㈱ほし also 株式会社ほし. SQLite indexes the grams with FTS5, PostgreSQL with a GIN index over a tsvector.

use super::{Backend, Db};
use diesel::BoolExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::BoxableExpression;
use diesel::sql_types::{Bool, Text};
use text::{Sought, letters, sought};

/// A condition on the rows of `T`.
pub type Condition<T> = Box<dyn BoxableExpression<T, Backend, SqlType = Bool>>;

/// What one word of a search asks for: grams next to each other in one of its spellings, or one mark.
pub struct Word {
    spellings: Vec<Vec<String>>,
    /// Whether it is the beginning of a gram, because the word has one letter.
    is_beginning: bool,
}

impl Word {
    fn of(sought: Sought) -> Word {
        match sought {
            Sought::Mark(mark) => Word {
                spellings: vec![vec![mark]],
                is_beginning: false,
            },
            Sought::Letters(spellings) => Word {
                is_beginning: spellings.iter().any(|letters| letters.len() == 1),
                spellings: spellings.iter().map(|letters| pairs(letters)).collect(),
            },
        }
    }

    /// Also finds what stands in the grams by itself.
    pub fn or_gram(mut self, gram: String) -> Word {
        self.spellings.push(vec![gram]);
        self
    }
}

fn pairs(letters: &[char]) -> Vec<String> {
    match letters {
        [one] => vec![one.to_string()],
        many => many.windows(2).map(|pair| pair.iter().collect()).collect(),
    }
}

/// Splits a search into words. Signs count in words that consist of signs only, and in words such as C++.
pub fn words(text: &str) -> Vec<Word> {
    sought(text).into_iter().map(Word::of).collect()
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
    let Word {
        spellings,
        is_beginning,
    } = word;
    match db {
        Db::Sqlite(_) => {
            // Phrases: the grams next to each other.
            let prefix = if *is_beginning { " *" } else { "" };
            let phrase = |grams: &Vec<String>| format!("\"{}\"{prefix}", grams.join(" "));
            let phrases: Vec<String> = spellings.iter().map(phrase).collect();
            let asked = format!("{{{}}} : ({})", columns.join(" "), phrases.join(" OR "));
            let head =
                format!("{begin}{table}.seq IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH ");
            Box::new(sql::<Bool>(&head).bind::<Text, _>(asked).sql(&format!("){end}")))
        }
        Db::Pg(_) => {
            let prefix = if *is_beginning { ":*" } else { "" };
            let in_column = |(column, grams): (&&str, &Vec<String>)| -> Condition<T> {
                let lexemes: Vec<String> = grams.iter().map(|gram| format!("'{gram}'{prefix}")).collect();
                let vector =
                    format!("array_to_tsvector(array_remove(string_to_array({table}.{column}, ' '), ''))");
                let indexed =
                    sql::<Bool>(&format!("{begin}({vector} @@ CAST(")).bind::<Text, _>(lexemes.join(" & "));
                // The index finds rows with all the grams, the text those where they are next to each other.
                let side_by_side = indexed.sql(&format!(" AS tsquery) AND {table}.{column} LIKE "));
                Box::new(
                    side_by_side
                        .bind::<Text, _>(format!("%{}%", grams.join(" ")))
                        .sql(&format!("){end}")),
                )
            };
            let each = columns
                .iter()
                .flat_map(|column| spellings.iter().map(move |grams| (column, grams)));
            each.map(in_column)
                .reduce(|one, other| Box::new(one.or(other)))
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
