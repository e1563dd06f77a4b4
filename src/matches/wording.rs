//! Words for failed gates, for changes that would raise a rank, and for relaxations that would let more
//! workers pass.

use super::codes::{self, ChangeDetails, ON_TEAM, ROLE_FILLED, RelaxedRequirement};
use super::encode;
use super::explain::plural;
use super::explainer::{Explainer, code_of, format_at};
use super::view::{FailedGate, Improvement};
use crate::catalogue::{DayPart, SkillWish, calendar};
use crate::deliverables::NewDeliverable;
use crate::values::{Code, words};
use chrono::{Datelike, NaiveDate};
use matcher::relax::Relaxation;
use matcher::{Change, EntryNo, Gate, Need};
use serde_json::{Value, json};

/// A suggestion as the API shows it.
pub struct Suggestion<C> {
    pub code: C,
    pub details: ChangeDetails,
    /// The first half of a Japanese sentence: 「週6時間活動できると、」.
    pub ja: String,
    /// A noun phrase for the end of an English sentence: "6 hours a week".
    pub en: String,
}

fn suggestion<C>(
    code: C,
    details: ChangeDetails,
    ja: impl Into<String>,
    en: impl Into<String>,
) -> Suggestion<C> {
    Suggestion {
        code,
        details,
        ja: ja.into(),
        en: en.into(),
    }
}

/// Returns a need's qualification as its request writes it.
fn as_written(need: &Need, asked: &[String], position: usize) -> String {
    let compared = need.qualifications.get(position);
    let mut written = asked.iter();
    let written = written.find(|one| Some(&encode::qualification(one)) == compared);
    written.or(compared).cloned().unwrap_or_default()
}

fn japanese_date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

impl Explainer<'_> {
    pub(super) fn improvement(&self, need: &Need, change: Change, fit_ppm: u64) -> Improvement {
        let Suggestion {
            code,
            details,
            ja,
            en,
        } = self.change(need, &[], change);
        Improvement {
            change: code,
            details,
            fit_ppm,
            because: self.text(
                format!("{ja}順位が上がります。"),
                format!("The rank would rise with {en}."),
            ),
        }
    }

    /// Puts a change into words. `asked` are the qualifications as the request writes them.
    pub(super) fn change(&self, need: &Need, asked: &[String], change: Change) -> Suggestion<codes::Change> {
        let catalogue = self.catalogue;
        match change {
            Change::SkillLevel { skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                suggestion(
                    codes::Change::SkillLevel,
                    ChangeDetails {
                        skill: code_of(&catalogue.skills, skill).map(Code::from),
                        to: Some(to.into()),
                        ..Default::default()
                    },
                    format!("{label}がレベル{to}になると、"),
                    format!("{label} at level {to}"),
                )
            }
            Change::Deliveries { more } => suggestion(
                codes::Change::Deliveries,
                ChangeDetails {
                    additional: Some(more.into()),
                    ..Default::default()
                },
                format!("同種の実績があと{more}件あると、"),
                format!("{more} more {}", plural(more.into(), "delivery", "deliveries")),
            ),
            Change::HoursPerWeek { to } => suggestion(
                codes::Change::HoursPerWeek,
                ChangeDetails {
                    to: Some(to.into()),
                    ..Default::default()
                },
                format!("週{to}時間活動できると、"),
                format!("{to} hours a week"),
            ),
            Change::DayPart { part } => {
                let part = DayPart::at(part);
                let names = part.map(DayPart::names).unwrap_or_default();
                suggestion(
                    codes::Change::DayPart,
                    ChangeDetails {
                        day_part: part,
                        ..Default::default()
                    },
                    format!("{}にも活動できると、", names.ja),
                    format!("{} as another day-part", names.en),
                )
            }
            Change::AcceptRemote => suggestion(
                codes::Change::AcceptRemote,
                ChangeDetails::default(),
                "リモートで対応できると、",
                "remote work accepted",
            ),
            Change::Completed { more } => suggestion(
                codes::Change::CompletedProjects,
                ChangeDetails {
                    additional: Some(more.into()),
                    ..Default::default()
                },
                format!("完了した案件があと{more}件あると、"),
                format!(
                    "{more} more completed {}",
                    plural(more.into(), "project", "projects")
                ),
            ),
            Change::Activate => suggestion(
                codes::Change::Activate,
                ChangeDetails::default(),
                "活動を再開すると、",
                "an active status",
            ),
            Change::Consent => suggestion(
                codes::Change::Consent,
                ChangeDetails::default(),
                "マッチングに同意すると、",
                "consent to be matched",
            ),
            Change::AcceptFormat { format } => {
                let label = self.format_label(format);
                suggestion(
                    codes::Change::AcceptFormat,
                    ChangeDetails {
                        format: format_at(format),
                        ..Default::default()
                    },
                    format!("「{label}」に対応できると、"),
                    format!("{label} as an accepted format"),
                )
            }
            Change::OfferRole { role } => {
                let label = self.label(&catalogue.roles, role);
                suggestion(
                    codes::Change::OfferRole,
                    ChangeDetails {
                        role: code_of(&catalogue.roles, role).map(Code::from),
                        ..Default::default()
                    },
                    format!("「{label}」の役割も引き受けると、"),
                    format!("{label} among the roles"),
                )
            }
            Change::AvailableFrom { day } => {
                let day = calendar::day_of_number(day);
                suggestion(
                    codes::Change::AvailableFrom,
                    ChangeDetails {
                        day: Some(day),
                        ..Default::default()
                    },
                    format!("{}から活動できると、", japanese_date(day)),
                    format!("availability from {day}"),
                )
            }
            Change::AvailableUntil { day } => {
                let day = calendar::day_of_number(day);
                suggestion(
                    codes::Change::AvailableUntil,
                    ChangeDetails {
                        day: Some(day),
                        ..Default::default()
                    },
                    format!("{}まで活動できると、", japanese_date(day)),
                    format!("availability until {day}"),
                )
            }
            Change::TravelLimit { km } => suggestion(
                codes::Change::TravelLimitKm,
                ChangeDetails {
                    to: Some(km.into()),
                    ..Default::default()
                },
                format!("{km}kmまで移動できると、"),
                format!("a travel limit of {km} km"),
            ),
            Change::Capacity { to } => suggestion(
                codes::Change::Capacity,
                ChangeDetails {
                    to: Some(to.into()),
                    ..Default::default()
                },
                format!("同時に{to}件担当できると、"),
                format!("a capacity of {to} at a time"),
            ),
            Change::Qualification { position } => {
                let missing = as_written(need, asked, position);
                suggestion(
                    codes::Change::Qualification,
                    ChangeDetails {
                        qualification: Some(missing.clone()),
                        ..Default::default()
                    },
                    format!("資格「{missing}」があると、"),
                    format!("the qualification {missing}"),
                )
            }
        }
    }

    pub fn relaxation(
        &self,
        need: &Need,
        request: &NewDeliverable,
        relaxation: Relaxation,
    ) -> Suggestion<RelaxedRequirement> {
        let catalogue = self.catalogue;
        match relaxation {
            Relaxation::AcceptRemote => suggestion(
                RelaxedRequirement::AcceptRemote,
                ChangeDetails::default(),
                "リモートも可にすると、",
                "remote work accepted",
            ),
            Relaxation::Format { format } => {
                let label = self.format_label(format);
                suggestion(
                    RelaxedRequirement::ChangeFormat,
                    ChangeDetails {
                        format: format_at(format),
                        ..Default::default()
                    },
                    format!("実施形式を「{label}」に変えると、"),
                    format!("{label} as the format"),
                )
            }
            Relaxation::AnyDates => suggestion(
                RelaxedRequirement::AnyDates,
                ChangeDetails::default(),
                "期間の指定をなくすと、",
                "no fixed dates",
            ),
            Relaxation::AnyDayParts => suggestion(
                RelaxedRequirement::AnyDayParts,
                ChangeDetails::default(),
                "曜日・時間帯の指定をなくすと、",
                "no fixed day-parts",
            ),
            Relaxation::Qualification { position } => {
                let dropped = as_written(need, &request.qualifications, position);
                suggestion(
                    RelaxedRequirement::DropQualification,
                    ChangeDetails {
                        qualification: Some(dropped.clone()),
                        ..Default::default()
                    },
                    format!("資格「{dropped}」を条件から外すと、"),
                    format!("no qualification {dropped} required"),
                )
            }
            Relaxation::MustHave { role, skill } => {
                let label = self.label(&catalogue.skills, skill);
                suggestion(
                    RelaxedRequirement::DropMustHave,
                    ChangeDetails {
                        role: Some(self.role_code(need, role)),
                        skill: code_of(&catalogue.skills, skill).map(Code::from),
                        ..Default::default()
                    },
                    format!("「{label}」を必須から外すと、"),
                    format!("{label} not a must-have"),
                )
            }
            Relaxation::MustHaveLevel { role, skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                let skill = code_of(&catalogue.skills, skill).map(Code::from);
                suggestion(
                    RelaxedRequirement::LowerMustHaveLevel,
                    ChangeDetails {
                        role: Some(self.role_code(need, role)),
                        skill,
                        to: Some(to.into()),
                        ..Default::default()
                    },
                    format!("「{label}」の必須レベルを{to}に下げると、"),
                    format!("{label} required at level {to}"),
                )
            }
        }
    }

    /// Returns the JSON Merge Patch of a request that makes a relaxation of its need.
    pub fn patch(&self, need: &Need, request: &NewDeliverable, relaxation: Relaxation) -> Value {
        let with_roles = |role: usize, skill: EntryNo, change: &dyn Fn(&mut SkillWish)| {
            let (role, skill) = (self.role_code(need, role), code_of(&self.catalogue.skills, skill));
            let mut roles = request.roles.clone().unwrap_or_default();
            let of_role = roles.iter_mut().filter(|one| one.role == role);
            let wishes = of_role.flat_map(|role| &mut role.skills);
            let wishes = wishes.filter(|wish| Some(wish.skill.as_str()) == skill);
            wishes.for_each(change);
            json!({"roles": roles})
        };
        match relaxation {
            Relaxation::AcceptRemote => json!({"remote": true}),
            Relaxation::Format { format } => json!({"format": format_at(format)}),
            Relaxation::AnyDates => json!({"starts_on": null, "ends_on": null}),
            Relaxation::AnyDayParts => json!({"day_parts": []}),
            Relaxation::Qualification { position } => {
                let dropped = need.qualifications.get(position);
                let is_kept = |one: &&String| Some(&encode::qualification(one)) != dropped;
                let kept = request.qualifications.iter().filter(is_kept);
                json!({"qualifications": kept.collect::<Vec<_>>()})
            }
            Relaxation::MustHave { role, skill } => with_roles(role, skill, &|wish| wish.must_have = false),
            Relaxation::MustHaveLevel { role, skill, to } => {
                with_roles(role, skill, &move |wish| wish.level = to)
            }
        }
    }

    /// Says that a member of the team isn't ranked for another place in it.
    pub fn on_team(&self) -> FailedGate {
        self.fails(ON_TEAM)
    }

    /// Says that nobody is ranked, since no place is left.
    pub fn role_filled(&self) -> FailedGate {
        self.fails(ROLE_FILLED)
    }

    pub fn failed(&self, gate: Gate) -> FailedGate {
        self.fails(codes::Gate(gate.code()))
    }

    fn fails(&self, gate: codes::Gate) -> FailedGate {
        let because = words::text("Gate", gate.0);
        FailedGate {
            gate,
            because: self.text(because.ja, because.en),
        }
    }
}
