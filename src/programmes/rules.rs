//! What a programme's calendar must obey.

use super::NewProgramme;
use crate::catalogue::calendar::fiscal_year;
use crate::error::{Error, FieldError, Result, Text};
use chrono::NaiveDate;

/// Checks that every date of the calendar lies in the programme's fiscal year, and that no step ends before it begins.
pub fn check_calendar(new: &NewProgramme) -> Result<()> {
    let mut faults = Vec::new();
    for (i, step) in new.calendar.iter().enumerate() {
        faults.extend(within_year(
            step.on,
            new.fiscal_year,
            &format!("/calendar/{i}/on"),
        ));
        let Some(until) = step.until else { continue };
        let at = format!("/calendar/{i}/until");
        if until < step.on {
            let rule = Text::new(
                "終了日は開始日以降の日付にしてください。",
                "The last day is before the first one.",
            );
            faults.push(FieldError::at(at, "dates_reversed", rule));
        } else {
            faults.extend(within_year(until, new.fiscal_year, &at));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Returns the fault of a day that lies outside a fiscal year.
pub fn within_year(day: NaiveDate, year: i32, pointer: &str) -> Option<FieldError> {
    (fiscal_year(day) != year).then(|| outside_year(year, pointer))
}

pub fn outside_year(year: i32, pointer: &str) -> FieldError {
    let rule = Text::new(
        format!(
            "{year}年度（{year}年4月〜{}年3月）の日付にしてください。",
            year + 1
        ),
        format!(
            "Use a date in fiscal year {year}: April {year} to March {}.",
            year + 1
        ),
    );
    FieldError::at(pointer, "outside_fiscal_year", rule)
}

#[cfg(test)]
mod tests {
    use super::super::{ProgrammeKind, ProgrammeStep, StepKind};
    use super::*;

    fn step(on: &str, until: Option<&str>) -> ProgrammeStep {
        ProgrammeStep {
            kind: StepKind::Hearing,
            on: on.parse().unwrap(),
            until: until.map(|day| day.parse().unwrap()),
            title: None,
            done: false,
        }
    }

    #[test]
    fn a_calendar_stays_in_its_fiscal_year() {
        let programme = |calendar| NewProgramme {
            title: "プロボノ".into(),
            kind: ProgrammeKind::ProBono,
            fiscal_year: 2026,
            goal: None,
            areas: Vec::new(),
            calendar,
        };
        let within = [step("2026-04-01", None), step("2026-04-02", Some("2027-03-31"))];
        assert!(check_calendar(&programme(within.to_vec())).is_ok());
        let outside = vec![
            step("2026-03-31", None),
            step("2027-03-31", Some("2027-04-01")),
            step("2026-07-02", Some("2026-07-01")),
        ];
        let Err(Error::Invalid(faults)) = check_calendar(&programme(outside)) else {
            panic!("accepted");
        };
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code.as_ref()).collect();
        assert_eq!(
            codes,
            ["outside_fiscal_year", "outside_fiscal_year", "dates_reversed"]
        );
    }
}
