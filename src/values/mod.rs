//! Small values that every slice writes the same way, each with its schema, its wire format and its rule in one place.
//!
//! * `codes`: [`Code`] and [`AreaCode`]. `coded`: enums with codes. `lifecycle`: statuses and the moves between them. `wards`:
//!   the codes that a city's code covers. `phone`: what a telephone number is. `rules`: validators for `#[validate(custom(…))]`. `sort`: the orders of a list.
//! * `words`: what codes mean, in Japanese and English.
//!
//! # Enums with codes
//!
//! An enum whose values have a code on the wire and in a column derives both forms from its variants. `coded_enum!` does
//! that:
//!
//! ```ignore
//! coded_enum! {
//!     /// How far it has come.
//!     Status {
//!         Open,
//!         InProgress,
//!     }
//! }
//! ```
//!
//! A code is `status.code()`, a status is `code.parse()`, all of them are `Status::VARIANTS`.

mod coded;
mod codes;
mod lifecycle;
mod phone;
mod rules;
mod sort;
mod wards;
pub mod words;

pub(crate) use coded::coded_enum;
pub use codes::{AreaCode, Code, code_list};
pub use lifecycle::Lifecycle;
pub use phone::{dialled, none_if_empty, phone_number};
pub use rules::{
    PROPERTY, both_or_neither, broken, broken_at, distinct, distinct_codes, email_address, none_blank,
    not_blank, not_reversed, plausible_day, short_words,
};
pub(crate) use sort::sort_order;
pub use wards::{city_of, six_digits, with_wards};
