//! Japanese and English text as data: spellings that are equal, search terms, and messages in both languages.
//!
//! * [`fold()`], [`hiragana`], [`is_japanese`]: make width, case and kana irrelevant.
//! * [`todays_form`]: old and variant kanji in their current form.
//! * [`has_hidden`], [`without_hidden`]: characters that nobody sees.
//! * [`terms()`], [`phrases`]: a text as hashed words and character bigrams, for ranking.
//! * [`with_full_forms`]: abbreviations of legal forms (㈱) written out.
//! * [`grams`], [`spellings`], [`marks`]: a text as overlapping pairs of characters and signs, for a database's text index.
//! * [`sought`]: what a search asks of such an index.
//! * [`Text`]: a message in Japanese and English.
//!
//! Deliberately absent: dictionaries and morphological analysis. Nothing here reads a file or the clock.
//!
//! Invariant: every function is deterministic, and gives the same result on every machine.

mod bilingual;
mod fold;
mod forms;
mod hidden;
mod kanji;
mod search;
mod terms;

pub use bilingual::Text;
pub use fold::{fold, hiragana, is_japanese};
pub use forms::with_full_forms;
pub use hidden::{has_hidden, without_hidden};
pub use kanji::{is_variation_selector, todays_form};
pub use search::{GRAMS_VERSION, Sought, grams, letters, marks, sought, spellings};
pub use terms::{Term, phrases, terms, word_hash};
