//! The vocabulary: words for every code that the API returns, so that clients need no tables of words.
//!
//! The words are in `values::words`; those of formats and day-parts are in the catalogue. Texts of the service, such as the
//! reasons of gates, are taken from the same places.
//!
//! Deliberately absent: skills, roles, themes, families, types and areas. The catalogue's operations list them.

pub mod http;

use crate::catalogue::{Catalogue, DayPart, Names};
use crate::values::words::{self, Words};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What each code means, in Japanese and English.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"sets": {"DeliverableStatus": {"open": {"ja": "募集中", "en": "open"}}}}))]
pub struct Vocabulary {
    /// The words of each code, by the name that the schema of the codes has in the OpenAPI document. `Sort` has the orders
    /// of lists.
    pub sets: BTreeMap<String, BTreeMap<String, Words>>,
}

impl Vocabulary {
    pub fn of(catalogue: &Catalogue) -> Vocabulary {
        let words = |names: &Names| Words {
            ja: names.ja.clone(),
            en: names.en.clone(),
        };
        let formats = catalogue.fixed.formats.iter();
        let formats = formats.map(|format| (format.code.code().to_owned(), words(&format.names)));
        let parts = DayPart::all().map(|part| (part.code().to_owned(), words(&part.names())));
        let mut sets = words::sets().clone();
        sets.insert("Format".to_owned(), formats.collect());
        sets.insert("DayPart".to_owned(), parts.collect());
        Vocabulary { sets }
    }
}
