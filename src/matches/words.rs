//! Words for what failed, and for what would help.

use super::explain::{Explainer, code_of};
use super::view::{FailedGate, ImprovementView};
use crate::catalogue::{Catalogue, DayPart, Format, calendar};
use matcher::ease::Easing;
use matcher::{Change, EntryNo, Gate, Need};
use serde_json::{Value, json};

/// The code of one of a need's roles.
pub(super) fn code_of_role(catalogue: &Catalogue, need: &Need, role: usize) -> String {
    let role = need
        .roles
        .get(role)
        .and_then(|role| code_of(&catalogue.roles, role.role));
    role.unwrap_or_default().to_owned()
}

impl Explainer<'_> {
    pub(super) fn improvement(&self, need: &Need, change: Change, fit_ppm: u64) -> ImprovementView {
        let (code, details, (ja, en)) = self.change(need, change);
        ImprovementView {
            change: code.to_owned(),
            details,
            fit_ppm,
            because: self.words(
                format!("{ja}順位が上がります。"),
                format!("The rank would rise with {en}."),
            ),
        }
    }

    /// A change's code, what it is changed to, and the beginning of a sentence in both languages.
    pub(super) fn change(&self, need: &Need, change: Change) -> (&'static str, Value, (String, String)) {
        let catalogue = self.catalogue;
        match change {
            Change::SkillLevel { skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                let words = (format!("{label}が{to}になれば"), format!("{label} at {to}"));
                (
                    "skill_level",
                    json!({"skill": code_of(&catalogue.skills, skill), "to": to}),
                    words,
                )
            }
            Change::Deliveries { more } => {
                let words = (
                    format!("同種の実績があと{more}件あれば"),
                    format!("{more} more deliveries"),
                );
                ("deliveries", json!({"more": more}), words)
            }
            Change::HoursPerWeek { to } => (
                "hours_per_week",
                json!({"to": to}),
                (format!("週{to}時間使えれば"), format!("{to} hours a week")),
            ),
            Change::DayPart { part } => {
                let part = DayPart::at(part);
                let names = part.map(DayPart::names).unwrap_or_default();
                let words = (format!("{}も使えれば", names.ja), format!("{} too", names.en));
                ("day_part", json!({"day_part": part.map(DayPart::code)}), words)
            }
            Change::AcceptRemote => (
                "accept_remote",
                json!({}),
                ("リモートで対応できれば".to_owned(), "working remotely".to_owned()),
            ),
            Change::Theme { theme } => {
                let label = self.label(&catalogue.themes, theme);
                let words = (format!("{label}に関心があれば"), format!("caring for {label}"));
                (
                    "theme",
                    json!({"theme": code_of(&catalogue.themes, theme)}),
                    words,
                )
            }
            Change::PreferFormat { format } => {
                let label = self.format_label(format);
                let code = Format::ALL
                    .into_iter()
                    .find(|f| *f as EntryNo == format)
                    .map(Format::code);
                let words = (format!("{label}を希望していれば"), format!("preferring {label}"));
                ("prefer_format", json!({"format": code}), words)
            }
            Change::ActiveToday => (
                "active_today",
                json!({}),
                ("今日活動があれば".to_owned(), "being active today".to_owned()),
            ),
            Change::Completed { more } => {
                let words = (
                    format!("完了した案件があと{more}件あれば"),
                    format!("{more} more completed projects"),
                );
                ("completed", json!({"more": more}), words)
            }
            Change::Activate => (
                "activate",
                json!({}),
                ("活動を再開すれば".to_owned(), "being active again".to_owned()),
            ),
            Change::Consent => (
                "consent",
                json!({}),
                (
                    "マッチングに同意すれば".to_owned(),
                    "consent to be matched".to_owned(),
                ),
            ),
            Change::AcceptFormat { format } => {
                let label = self.format_label(format);
                let code = Format::ALL
                    .into_iter()
                    .find(|f| *f as EntryNo == format)
                    .map(Format::code);
                let words = (format!("{label}に対応できれば"), format!("accepting {label}"));
                ("accept_format", json!({"format": code}), words)
            }
            Change::OfferRole { role } => {
                let label = self.label(&catalogue.roles, role);
                let words = (
                    format!("{label}の役割も引き受ければ"),
                    format!("offering to be {label}"),
                );
                (
                    "offer_role",
                    json!({"role": code_of(&catalogue.roles, role)}),
                    words,
                )
            }
            Change::AvailableFrom { day } => {
                let day = calendar::day_of_number(day);
                let words = (
                    format!("{day}から活動できれば"),
                    format!("being available from {day}"),
                );
                ("available_from", json!({"to": day}), words)
            }
            Change::AvailableUntil { day } => {
                let day = calendar::day_of_number(day);
                let words = (
                    format!("{day}まで活動できれば"),
                    format!("being available until {day}"),
                );
                ("available_until", json!({"to": day}), words)
            }
            Change::TravelLimit { km } => (
                "travel_limit_km",
                json!({"to": km}),
                (
                    format!("{km}kmまで移動できれば"),
                    format!("travelling up to {km} km"),
                ),
            ),
            Change::Capacity { to } => (
                "capacity",
                json!({"to": to}),
                (
                    format!("同時に{to}件担当できれば"),
                    format!("taking {to} at a time"),
                ),
            ),
            Change::Qualification { position } => {
                let held = need.qualifications.get(position).cloned().unwrap_or_default();
                let words = (
                    format!("資格「{held}」があれば"),
                    format!("the qualification {held}"),
                );
                ("qualification", json!({"qualification": held}), words)
            }
        }
    }

    /// An easing's code, what it is, and a sentence in both languages without its end.
    pub(super) fn easing(&self, need: &Need, easing: Easing) -> (&'static str, Value, (String, String)) {
        let catalogue = self.catalogue;
        let role_of = |role: usize| need.roles.get(role).map_or(0, |role| role.role);
        match easing {
            Easing::AcceptRemote => (
                "accept_remote",
                json!({}),
                (
                    "リモートも可とすれば".to_owned(),
                    "accepting remote work".to_owned(),
                ),
            ),
            Easing::Format { format } => {
                let label = self.format_label(format);
                let code = Format::ALL
                    .into_iter()
                    .find(|f| *f as EntryNo == format)
                    .map(Format::code);
                let words = (format!("形式を{label}にすれば"), format!("the format {label}"));
                ("format", json!({"format": code}), words)
            }
            Easing::AnyDates => (
                "any_dates",
                json!({}),
                ("期間を限らなければ".to_owned(), "no fixed dates".to_owned()),
            ),
            Easing::AnyDayParts => (
                "any_day_parts",
                json!({}),
                (
                    "曜日・時間帯を限らなければ".to_owned(),
                    "no fixed parts of the week".to_owned(),
                ),
            ),
            Easing::Qualification { position } => {
                let held = need.qualifications.get(position).cloned().unwrap_or_default();
                let words = (
                    format!("資格「{held}」を求めなければ"),
                    format!("no need of {held}"),
                );
                ("no_qualification", json!({"qualification": held}), words)
            }
            Easing::MustHave { role, skill } => {
                let label = self.label(&catalogue.skills, skill);
                let details = json!({"role": code_of(&catalogue.roles, role_of(role)), "skill": code_of(&catalogue.skills, skill)});
                let words = (
                    format!("{label}を必須としなければ"),
                    format!("{label} wished for, not needed"),
                );
                ("not_must_have", details, words)
            }
            Easing::MustHaveLevel { role, skill, to } => {
                let label = self.label(&catalogue.skills, skill);
                let details = json!({"role": code_of(&catalogue.roles, role_of(role)), "skill": code_of(&catalogue.skills, skill), "to": to});
                let words = (
                    format!("{label}の必須水準を{to}にすれば"),
                    format!("{label} needed at {to}"),
                );
                ("must_have_level", details, words)
            }
        }
    }

    pub fn failed(&self, gate: Gate) -> FailedGate {
        let (ja, en) = match gate {
            Gate::Inactive => ("現在休止中です。", "They are not active."),
            Gate::ConsentMissing => (
                "マッチングへの同意がありません。",
                "They have not consented to be matched.",
            ),
            Gate::Blocked => (
                "この団体とは組み合わせない設定です。",
                "They are to be kept apart from this organization.",
            ),
            Gate::ConflictOfInterest => (
                "この団体と利益相反があります。",
                "They have a conflict of interest with this organization.",
            ),
            Gate::FormatNotAccepted => (
                "この実施形式に対応していません。",
                "They don't accept this format.",
            ),
            Gate::DatesDoNotOverlap => ("活動できる期間が合いません。", "The dates don't overlap."),
            Gate::HoursDoNotOverlap => ("活動できる時間帯が合いません。", "The hours don't overlap."),
            Gate::IslandUnreachable => (
                "島しょ部へは住民かリモートのみ対応できます。",
                "An island is reached by its residents or remotely.",
            ),
            Gate::TooFar => (
                "移動できる距離を超えています。",
                "It is beyond their travel limit.",
            ),
            Gate::AtCapacity => (
                "担当できる件数に達しています。",
                "They have as much work as they can take.",
            ),
            Gate::QualificationMissing => (
                "必要な資格が確認できません。",
                "They don't hold a qualification that is needed.",
            ),
            Gate::RoleNotOffered => ("この役割を希望していません。", "They don't offer this role."),
            Gate::SkillBelowMinimum => (
                "必須スキルが必要な水準に達していません。",
                "They lack a must-have skill at its level.",
            ),
        };
        FailedGate {
            gate: gate.code().to_owned(),
            because: self.words(ja.to_owned(), en.to_owned()),
        }
    }
}
