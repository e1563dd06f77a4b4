//! What a programme's calendar must obey.

use super::{NewProgramme, ProgrammeNotice, ProgrammeNoticeCode, ProgrammeStep, StepKind};
use crate::catalogue::calendar::fiscal_year;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::Language;
use crate::values::words;
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

/// What comes before what in a programme. Other steps and conferences are at any time.
const ORDER: [StepKind; 8] = [
    StepKind::ApplicationsOpen,
    StepKind::ApplicationsClose,
    StepKind::Screening,
    StepKind::Hearing,
    StepKind::Result,
    StepKind::Teams,
    StepKind::KickOff,
    StepKind::Delivery,
];

/// Returns the steps of a calendar that begin before anything did that comes first: of several rounds in a year, each step has one
/// before it.
pub fn notices(plan: &NewProgramme, language: Language) -> Vec<ProgrammeNotice> {
    let first_day = |kind: StepKind| {
        let of_kind = plan.calendar.iter().filter(|one| one.kind == kind);
        of_kind.map(|one| one.on).min()
    };
    let first_days: Vec<Option<NaiveDate>> = ORDER.into_iter().map(first_day).collect();
    let notice = |(i, step): (usize, &ProgrammeStep)| {
        let place = ORDER.iter().position(|kind| *kind == step.kind)?;
        let before = ORDER.into_iter().zip(&first_days).take(place);
        let mut reversed = before.filter(|(_, first)| first.is_some_and(|first| first > step.on));
        // The last one that should have been before.
        let (other, _) = reversed.next_back()?;
        let [own, other] = [step.kind, other].map(|kind| words::text("StepKind", kind.code()));
        let text = Text::new(
            format!("{}が{}より前の日です。", own.ja, other.ja),
            format!(
                "This step ({}) is before another that comes first ({}).",
                own.en, other.en
            ),
        );
        Some(ProgrammeNotice {
            code: ProgrammeNoticeCode::StepsReversed,
            pointer: format!("/calendar/{i}/on"),
            message: language.choose(&text).to_owned(),
        })
    };
    plan.calendar.iter().enumerate().filter_map(notice).collect()
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
    use super::super::ProgrammeKind;
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

    #[test]
    fn a_step_before_what_comes_first_is_noted() {
        use StepKind::*;
        let noted = |steps: &[(StepKind, &str)]| -> Vec<String> {
            let of = |(kind, on): &(StepKind, &str)| ProgrammeStep {
                kind: *kind,
                ..step(on, None)
            };
            let programme = NewProgramme {
                title: "プロボノ".into(),
                kind: ProgrammeKind::ProBono,
                fiscal_year: 2026,
                goal: None,
                areas: Vec::new(),
                calendar: steps.iter().map(of).collect(),
            };
            let notices = notices(&programme, Language::Ja).into_iter();
            notices.map(|one| one.pointer).collect()
        };
        let (open, close, screening) = ("2026-05-11", "2026-06-19", "2026-06-25");
        let usual = [
            (ApplicationsOpen, open),
            (ApplicationsClose, close),
            (Screening, screening),
        ];
        assert!(noted(&usual).is_empty());
        // In any order of the list, and with what is at any time.
        assert!(
            noted(&[
                (Screening, screening),
                (Conference, "2026-04-02"),
                (ApplicationsClose, screening)
            ])
            .is_empty()
        );
        let reversed = [
            (ApplicationsOpen, close),
            (Screening, "2026-06-01"),
            (ApplicationsClose, open),
        ];
        assert_eq!(noted(&reversed), ["/calendar/1/on", "/calendar/2/on"]);
        assert_eq!(
            noted(&[(ApplicationsClose, close), (Screening, "2026-06-01")]),
            ["/calendar/1/on"]
        );
        // A second round begins when the first one is decided.
        let rounds = [
            (Result, "2026-07-10"),
            (ApplicationsOpen, "2026-08-01"),
            (Result, "2026-09-10"),
        ];
        assert!(noted(&[&usual[..], &rounds].concat()).is_empty());
    }
}
