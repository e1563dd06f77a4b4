//! Words for failed gates, for changes that would raise a rank, and for relaxations that would let more
//! workers pass.

use super::explainer::{Explainer, code_of, format_code};
use super::view::{FailedGate, Improvement};
use super::visibility::ON_TEAM;
use crate::catalogue::{DayPart, calendar};
use chrono::{Datelike, NaiveDate};
use matcher::relax::Relaxation;
use matcher::{Change, Gate, Need};
use serde_json::{Value, json};

/// A suggestion as the API shows it.
pub(super) struct Suggestion {
    pub code: &'static str,
    pub details: Value,
    /// The first half of a Japanese sentence: 「週6時間活動できると、」.
    pub ja: String,
    /// A noun phrase for the end of an English sentence: "6 hours a week".
    pub en: String,
}

fn suggestion(
    code: &'static str,
    details: Value,
    ja: impl Into<String>,
    en: impl Into<String>,
) -> Suggestion {
    Suggestion {
        code,
        details,
        ja: ja.into(),
        en: en.into(),
    }
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
        } = self.change(need, change);
        Improvement {
            change: code.to_owned(),
            details,
            fit_ppm,
            because: self.text(
                format!("{ja}順位が上がります。"),
                format!("The rank would rise with {en}."),
            ),
        }
    }

    pub(super) fn change(&self, need: &Need, change: Change) -> Suggestion {
        let catalogue = self.catalogue;
        match change {
            Change::SkillLevel { skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                suggestion(
                    "skill_level",
                    json!({"skill": code_of(&catalogue.skills, skill), "to": to}),
                    format!("{label}がレベル{to}になると、"),
                    format!("{label} at level {to}"),
                )
            }
            Change::Deliveries { more } => suggestion(
                "deliveries",
                json!({"additional": more}),
                format!("同種の実績があと{more}件あると、"),
                format!("{more} more deliveries"),
            ),
            Change::HoursPerWeek { to } => suggestion(
                "hours_per_week",
                json!({"to": to}),
                format!("週{to}時間活動できると、"),
                format!("{to} hours a week"),
            ),
            Change::DayPart { part } => {
                let part = DayPart::at(part);
                let names = part.map(DayPart::names).unwrap_or_default();
                suggestion(
                    "day_part",
                    json!({"day_part": part.map(DayPart::code)}),
                    format!("{}にも活動できると、", names.ja),
                    format!("{} as another day-part", names.en),
                )
            }
            Change::AcceptRemote => suggestion(
                "accept_remote",
                json!({}),
                "リモートで対応できると、",
                "remote work accepted",
            ),
            Change::Completed { more } => suggestion(
                "completed_projects",
                json!({"additional": more}),
                format!("完了した案件があと{more}件あると、"),
                format!("{more} more completed projects"),
            ),
            Change::Activate => suggestion("activate", json!({}), "活動を再開すると、", "an active status"),
            Change::Consent => suggestion(
                "consent",
                json!({}),
                "マッチングに同意すると、",
                "consent to be matched",
            ),
            Change::AcceptFormat { format } => {
                let label = self.format_label(format);
                suggestion(
                    "accept_format",
                    json!({"format": format_code(format)}),
                    format!("「{label}」に対応できると、"),
                    format!("{label} as an accepted format"),
                )
            }
            Change::OfferRole { role } => {
                let label = self.label(&catalogue.roles, role);
                suggestion(
                    "offer_role",
                    json!({"role": code_of(&catalogue.roles, role)}),
                    format!("「{label}」の役割も引き受けると、"),
                    format!("{label} among the roles"),
                )
            }
            Change::AvailableFrom { day } => {
                let day = calendar::day_of_number(day);
                suggestion(
                    "available_from",
                    json!({"to": day}),
                    format!("{}から活動できると、", japanese_date(day)),
                    format!("availability from {day}"),
                )
            }
            Change::AvailableUntil { day } => {
                let day = calendar::day_of_number(day);
                suggestion(
                    "available_until",
                    json!({"to": day}),
                    format!("{}まで活動できると、", japanese_date(day)),
                    format!("availability until {day}"),
                )
            }
            Change::TravelLimit { km } => suggestion(
                "travel_limit_km",
                json!({"to": km}),
                format!("{km}kmまで移動できると、"),
                format!("a travel limit of {km} km"),
            ),
            Change::Capacity { to } => suggestion(
                "capacity",
                json!({"to": to}),
                format!("同時に{to}件担当できると、"),
                format!("a capacity of {to} at a time"),
            ),
            Change::Qualification { position } => {
                let missing = need.qualifications.get(position).cloned().unwrap_or_default();
                suggestion(
                    "qualification",
                    json!({"qualification": missing}),
                    format!("資格「{missing}」があると、"),
                    format!("the qualification {missing}"),
                )
            }
        }
    }

    pub(super) fn relaxation(&self, need: &Need, relaxation: Relaxation) -> Suggestion {
        let catalogue = self.catalogue;
        match relaxation {
            Relaxation::AcceptRemote => suggestion(
                "accept_remote",
                json!({}),
                "リモートも可にすると、",
                "remote work accepted",
            ),
            Relaxation::Format { format } => {
                let label = self.format_label(format);
                suggestion(
                    "change_format",
                    json!({"format": format_code(format)}),
                    format!("実施形式を「{label}」に変えると、"),
                    format!("{label} as the format"),
                )
            }
            Relaxation::AnyDates => {
                suggestion("any_dates", json!({}), "期間の指定をなくすと、", "no fixed dates")
            }
            Relaxation::AnyDayParts => suggestion(
                "any_day_parts",
                json!({}),
                "曜日・時間帯の指定をなくすと、",
                "no fixed day-parts",
            ),
            Relaxation::Qualification { position } => {
                let dropped = need.qualifications.get(position).cloned().unwrap_or_default();
                suggestion(
                    "drop_qualification",
                    json!({"qualification": dropped}),
                    format!("資格「{dropped}」を条件から外すと、"),
                    format!("no qualification {dropped} required"),
                )
            }
            Relaxation::MustHave { role, skill } => {
                let label = self.label(&catalogue.skills, skill);
                suggestion(
                    "drop_must_have",
                    json!({"role": self.role_code(need, role), "skill": code_of(&catalogue.skills, skill)}),
                    format!("「{label}」を必須から外すと、"),
                    format!("{label} not a must-have"),
                )
            }
            Relaxation::MustHaveLevel { role, skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                let skill = code_of(&catalogue.skills, skill);
                suggestion(
                    "lower_must_have_level",
                    json!({"role": self.role_code(need, role), "skill": skill, "to": to}),
                    format!("「{label}」の必須レベルを{to}に下げると、"),
                    format!("{label} required at level {to}"),
                )
            }
        }
    }

    /// Says that a member of the team isn't ranked for another place in it.
    pub fn on_team(&self) -> FailedGate {
        FailedGate {
            gate: ON_TEAM.to_owned(),
            because: self.text(
                "すでにこのチームに参加しています。",
                "The worker is in the team already.",
            ),
        }
    }

    pub fn failed(&self, gate: Gate) -> FailedGate {
        let (ja, en) = match gate {
            Gate::Inactive => ("現在休止中です。", "The worker is not active."),
            Gate::ConsentMissing => (
                "マッチングへの同意がありません。",
                "The worker has not consented to be matched.",
            ),
            Gate::Blocked => (
                "この団体とは組み合わせない設定です。",
                "The worker and this organization must not be matched.",
            ),
            Gate::ConflictOfInterest => (
                "この団体と利益相反があります。",
                "The worker has a conflict of interest with this organization.",
            ),
            Gate::FormatNotAccepted => (
                "この実施形式に対応していません。",
                "The worker doesn't accept this format.",
            ),
            Gate::DatesDoNotOverlap => ("活動できる期間が合いません。", "The dates don't overlap."),
            Gate::HoursDoNotOverlap => ("活動できる時間帯が合いません。", "The hours don't overlap."),
            Gate::IslandUnreachable => (
                "海を渡る移動になるため、リモートでのみ対応できます。",
                "The sea lies between the worker and the place, so only remote work is possible.",
            ),
            Gate::TooFar => (
                "移動できる距離を超えています。",
                "The distance exceeds the worker's travel limit.",
            ),
            Gate::AtCapacity => (
                "担当できる件数の上限に達しています。",
                "The worker has no capacity left.",
            ),
            Gate::QualificationMissing => (
                "必要な資格を確認できません。",
                "The worker lacks a required qualification.",
            ),
            Gate::RoleNotOffered => (
                "この役割を希望していません。",
                "The worker doesn't offer this role.",
            ),
            Gate::SkillBelowMinimum => (
                "必須スキルが必要なレベルに達していません。",
                "A must-have skill is below the required level.",
            ),
        };
        FailedGate {
            gate: gate.code().to_owned(),
            because: self.text(ja, en),
        }
    }
}
