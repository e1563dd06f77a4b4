//! Words for what failed, and for what would help.

use super::explain::{Explainer, code_of};
use super::view::{FailedGate, ImprovementView};
use crate::catalogue::{DayPart, Format};
use crate::matcher::{Change, Gate, Index};
use serde_json::json;

impl Explainer<'_> {
    pub(super) fn improvement(&self, change: Change, fit_ppm: u64) -> ImprovementView {
        let catalogue = self.catalogue;
        let (code, details, (ja, en)) = match change {
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
                    .find(|f| *f as Index == format)
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
        };
        let because = self.words(
            format!("{ja}順位が上がります。"),
            format!("The rank would rise with {en}."),
        );
        ImprovementView {
            change: code.to_owned(),
            details,
            fit_ppm,
            because,
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
