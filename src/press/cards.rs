//! Cards of projects: what the organization agreed to show of its project.

use super::{Item, MonthlyViews, PageKind, Plan, PressStatus, Signature, https_address};
use crate::auth::RecordKind;
use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::disclosure::impersonal;
use crate::projects::Progress;
use crate::projects::work::past_day;
use crate::values::{AreaCode, Code, not_blank};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

impersonal!(Card);

/// A picture, loaded by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.jp/photos/tewatashi.jpg", "alt": "手渡しでチラシを配る会員", "credit": "風のひろば"}))]
pub struct Photo {
    #[validate(length(max = 2000), custom(function = "https_address"))]
    #[schema(max_length = 2000, pattern = "^https://", format = "uri")]
    pub url: String,
    /// What it shows, for those who don't see it.
    #[validate(length(min = 1, max = 300), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 300)]
    pub alt: String,
    /// Who took it.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub credit: Option<String>,
}

/// Whether the organization agrees that its project is shown. Not public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"given": true, "on": "2026-11-01", "note": "代表から書面で"}))]
pub struct CardConsent {
    /// False: withdrawn, which takes the card away at once.
    pub given: bool,
    /// The day on which the organization said so: not in the future (422 `day_in_future`).
    #[validate(custom(function = "past_day"))]
    pub on: NaiveDate,
    /// Who of the organization said so, by office, and how. No names.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub note: Option<String>,
}

fn draft() -> PressStatus {
    PressStatus::Draft
}

/// The fields of a card that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"project_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "title": "手渡しから始まった会員募集",
    "story": "会員が減っていた居場所に、デザイナーとライターが集まりました。", "status": "published",
    "photo": {"url": "https://example.jp/photos/tewatashi.jpg", "alt": "手渡しでチラシを配る会員", "credit": null},
    "consent": {"given": true, "on": "2026-11-01", "note": "代表から書面で"}}))]
pub struct NewCard {
    /// The project, which has one card. Of delivered work of past years without a project, the deliverable. It can't change.
    pub project_id: Id,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The story of the project, as plain text.
    #[serde(default)]
    #[validate(length(min = 1, max = 5000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 5000)]
    pub story: Option<String>,
    #[serde(default)]
    #[validate(nested)]
    pub photo: Option<Photo>,
    /// A card without consent isn't published (422 `consent_missing`); one whose consent is withdrawn becomes a draft.
    #[serde(default = "draft")]
    #[schema(default = "draft")]
    pub status: PressStatus,
    /// Required to publish. Null for those who may not write the card.
    #[serde(default)]
    #[validate(nested)]
    pub consent: Option<CardConsent>,
}

impl Plan for NewCard {
    const PAGE: PageKind = PageKind::Card;
    const SUBJECT: Subject = Subject::Card;
    const RECORD: RecordKind = RecordKind::Cards;

    fn missing() -> Error {
        Error::not_found("カード", "card")
    }

    fn kind(&self) -> &'static str {
        "card"
    }

    fn status(&self) -> PressStatus {
        self.status
    }

    fn is_agreed(&self) -> bool {
        self.consent.as_ref().is_some_and(|consent| consent.given)
    }

    fn texts(&self) -> Vec<&str> {
        std::iter::once(self.title.as_str())
            .chain(self.story.as_deref())
            .collect()
    }
}

/// A card of a project.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Card {
    pub id: Id,
    #[serde(flatten)]
    pub plan: NewCard,
    /// What everybody sees, while a change by the organization waits for a coordinator. Null otherwise, and for those who may
    /// not write the card.
    pub released: Option<NewCard>,
    /// Who recorded the consent, and when. Null for those who may not write the card.
    pub consent_recorded: Option<Signature>,
    pub area: AreaCode,
    /// The deliverable type. Null for an accompaniment.
    #[serde(rename = "type")]
    pub type_: Option<Code>,
    pub organization_id: Id,
    /// The name of the organization.
    #[schema(example = "風のひろば")]
    pub group: String,
    /// The fiscal year (April to March in Tokyo) of the project.
    #[schema(example = 2026)]
    pub fiscal_year: i32,
    pub progress: Progress,
    /// The progress as a card shows it: `92%` while the work is under way and measured, otherwise the status in words.
    #[schema(example = "92%")]
    pub progress_label: String,
    /// Since when everybody sees it. Null: never yet.
    pub published_at: Option<Instant>,
    /// How often it was read, by month, the newest first; up to 24 months. Null in lists, and for those who may not write it.
    pub views: Option<Vec<MonthlyViews>>,
    /// Whether the demonstration made it up. Pages say so, and it is in no public figure.
    pub demo: bool,
    /// Grows with each change. Also in the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Card {
    /// Shows a card with its progress, without what only those who write it see.
    pub fn of(item: Item<NewCard>, progress: Progress) -> Card {
        let Item {
            plan,
            released,
            basis,
            ..
        } = item;
        let progress_label = match progress.percent {
            1..=99 => format!("{}%", progress.percent),
            _ => progress.words.clone(),
        };
        Card {
            id: item.id,
            released,
            consent_recorded: item.consent_recorded,
            area: basis.area.unwrap_or_else(|| "".into()),
            type_: basis.type_,
            organization_id: basis.organization_id.unwrap_or(plan.project_id),
            group: basis.name.unwrap_or_default(),
            fiscal_year: basis.fiscal_year.unwrap_or_default(),
            plan,
            progress,
            progress_label,
            published_at: item.published_at,
            views: None,
            demo: item.demo,
            version: item.version,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}

/// Checks that a card is published with consent. To ask for it without is refused; if the consent to a card that is public, or
/// waits for a coordinator, is withdrawn, it becomes a draft.
pub fn settle(plan: &mut NewCard, before: Option<&NewCard>) -> Result<()> {
    if plan.status == PressStatus::Draft || plan.is_agreed() {
        return Ok(());
    }
    let was_shown = |before: &NewCard| before.is_agreed() && before.status != PressStatus::Draft;
    let is_refused = match &plan.consent {
        // An organization may ask first; its coordinator records the consent.
        None => plan.status == PressStatus::Published,
        Some(_) => !before.is_some_and(was_shown),
    };
    if is_refused {
        let rule = Text::new(
            "公開するには、団体の同意の記録が必要です。",
            "A card is published only with the recorded consent of the organization.",
        );
        let fault = FieldError::at("/consent", "consent_missing", rule);
        return Err(Error::Invalid(vec![fault]));
    }
    if plan.consent.is_some() {
        plan.status = PressStatus::Draft;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> NewCard {
        NewCard {
            project_id: Id::new(),
            title: "会員募集".into(),
            story: None,
            photo: None,
            status: PressStatus::Published,
            consent: None,
        }
    }

    #[test]
    fn a_card_is_published_with_consent_and_taken_away_without_it() {
        let mut card = card();
        assert!(settle(&mut card, None).is_err());
        let mut consent = CardConsent {
            given: true,
            on: "2026-11-01".parse().unwrap(),
            note: None,
        };
        card.consent = Some(consent.clone());
        assert!(settle(&mut card, None).is_ok() && card.status == PressStatus::Published && card.is_agreed());
        let shown = card.clone();
        consent.given = false;
        card.consent = Some(consent);
        // Nobody is told "published" of a card that isn't.
        assert!(settle(&mut card.clone(), None).is_err());
        assert!(
            settle(&mut card, Some(&shown)).is_ok() && card.status == PressStatus::Draft && !card.is_agreed()
        );
        let withdrawn = card.clone();
        card.status = PressStatus::Published;
        assert!(settle(&mut card, Some(&withdrawn)).is_err());
    }
}
