//! Checks the parameters of a list. A malformed value is 400, a well-formed code that doesn't exist 422: a typing error
//! in a filter must not look like an empty list.

use super::lookup::{self, Checked, Lookup};
use super::state::Catalogue;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::values::{AreaCode, Code};

/// Collects every fault of a filter, for [`Filters::check`].
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

    /// Checks an area's code, and completes it to six digits.
    pub fn area<A>(mut self, area: &mut Option<A>) -> Self
    where
        A: AsRef<str> + for<'a> From<&'a str>,
    {
        let Some(code) = area else { return self };
        if !AreaCode::from(code.as_ref()).is_well_formed() {
            let Text { ja, en } = lookup::no_code(&self.catalogue.fixed, code.as_ref());
            self.malformed("area", "invalid_area_code", ja.into_owned(), en.into_owned());
            return self;
        }
        let mut faults = Vec::new();
        lookup::resolve_area(&self.catalogue.fixed, code, "", &mut faults);
        self.unknown
            .extend(faults.into_iter().map(|fault| at("area", fault)));
        self
    }

    /// Checks the code of an entry. A retired entry still finds the records that refer to it.
    pub fn entry<C: AsRef<str>>(
        mut self,
        name: &str,
        code: &Option<C>,
        kind: fn(&Catalogue) -> &dyn Checked,
    ) -> Self {
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

    pub fn family<C: AsRef<str>>(mut self, code: &Option<C>) -> Self {
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

    fn well_formed<'a, C: AsRef<str>>(&mut self, name: &str, code: &'a Option<C>) -> Option<&'a str> {
        let code = code.as_ref()?.as_ref();
        if Code::from(code).check().is_ok() {
            return Some(code);
        }
        let (ja, en) = (
            "コードは英小文字で始まる英小文字・数字・_ で指定してください。",
            "A code starts with a lower-case letter and has only lower-case letters, digits and _.",
        );
        self.malformed(name, "invalid_code", ja.into(), en.into());
        None
    }

    pub fn fiscal_year(self, year: Option<i32>) -> Self {
        self.year("fiscal_year", year)
    }

    /// Checks a year, of any calendar.
    pub fn year(mut self, name: &str, year: Option<i32>) -> Self {
        if year.is_some_and(|year| !(1900..=2200).contains(&year)) {
            let (ja, en) = (
                "1900〜2200の年で指定してください。",
                "Use a year from 1900 to 2200.",
            );
            self.malformed(name, "out_of_range", ja.into(), en.into());
        }
        self
    }

    pub fn text(mut self, name: &str, text: &Option<String>) -> Self {
        if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
            let (ja, en) = ("200文字以内で指定してください。", "Use at most 200 characters.");
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
