//! Checking the parameters of a list: what breaks its form is 400, a well-formed code that is not there 422. A typing
//! error in a filter must not look like an empty list.

use super::lookup::{self, Checked, Lookup};
use super::{Catalogue, entries::valid_code};
use crate::error::{Error, FieldError, Place, Result, Text};

/// Collects every fault of a filter.
pub struct Filters<'c> {
    catalogue: &'c Catalogue,
    malformed: Vec<FieldError>,
    unknown: Vec<FieldError>,
}

impl<'c> Filters<'c> {
    pub fn of(catalogue: &'c Catalogue) -> Filters<'c> {
        Filters {
            catalogue,
            malformed: Vec::new(),
            unknown: Vec::new(),
        }
    }

    fn malformed(&mut self, name: &str, code: &'static str, ja: String, en: String) {
        self.malformed
            .push(FieldError::parameter(name, code, Text::new(ja, en)));
    }

    /// An area's code, which takes its full form.
    pub fn area(mut self, area: &mut Option<String>) -> Self {
        let Some(code) = area else { return self };
        if !(5..=6).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_digit()) {
            let (ja, en) = (
                "地域コードは5桁または6桁の数字です。",
                "An area's code has five or six digits.",
            );
            self.malformed("area", "area_code", ja.into(), en.into());
            return self;
        }
        let mut faults = Vec::new();
        lookup::resolve_area(self.catalogue, code, "", &mut faults);
        self.unknown
            .extend(faults.into_iter().map(|fault| at("area", fault)));
        self
    }

    /// A code of an entry; a retired one still finds what refers to it.
    pub fn entry(mut self, name: &str, code: &Option<String>, kind: fn(&Catalogue) -> &dyn Checked) -> Self {
        let Some(code) = self.well_formed(name, code) else {
            return self;
        };
        let kind = kind(self.catalogue);
        if let Lookup::Missing = kind.look_up(code) {
            let (rule, _) = kind.rules();
            self.unknown
                .push(at(name, lookup::unknown("", rule, code, kind.codes())));
        }
        self
    }

    pub fn family(mut self, code: &Option<String>) -> Self {
        let Some(code) = self.well_formed("family", code) else {
            return self;
        };
        if self.catalogue.family_position(code).is_none() {
            let known = self
                .catalogue
                .fixed
                .families
                .iter()
                .map(|family| family.code.as_str());
            self.unknown
                .push(at("family", lookup::unknown("", "unknown_family", code, known)));
        }
        self
    }

    fn well_formed<'a>(&mut self, name: &str, code: &'a Option<String>) -> Option<&'a str> {
        let code = code.as_deref()?;
        if valid_code(code).is_ok() {
            return Some(code);
        }
        let (ja, en) = (
            "コードは英小文字・数字・_ です。",
            "A code has lower case letters, digits and _.",
        );
        self.malformed(name, "code", ja.into(), en.into());
        None
    }

    pub fn fiscal_year(mut self, year: Option<i32>) -> Self {
        if year.is_some_and(|year| !(1900..=2200).contains(&year)) {
            let (ja, en) = ("年度は1900〜2200です。", "A fiscal year is 1900 to 2200.");
            self.malformed("fiscal_year", "out_of_range", ja.into(), en.into());
        }
        self
    }

    pub fn text(mut self, name: &str, text: &Option<String>) -> Self {
        if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
            let (ja, en) = ("200文字までです。", "It has 200 characters at most.");
            self.malformed(name, "invalid_length", ja.into(), en.into());
        }
        self
    }

    pub fn check(self) -> Result<()> {
        match (self.malformed.is_empty(), self.unknown.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::Invalid(self.unknown)),
            (false, _) => Err(Error::InvalidParameters(self.malformed)),
        }
    }
}

fn at(name: &str, fault: FieldError) -> FieldError {
    FieldError {
        place: Place::Parameter(name.to_owned()),
        ..fault
    }
}
