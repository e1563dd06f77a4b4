//! Playbooks (台本) and textbooks: what was learnt, for others to use.

use super::feedback::FeedbackSummary;
use super::{Item, MonthlyViews, PageKind, Plan, PressStatus, https_address};
use crate::auth::RecordKind;
use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::error::Error;
use crate::http::disclosure::impersonal;
use crate::projects::work::past_day;
use crate::values::{AreaCode, broken, broken_at, coded_enum, not_blank};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

impersonal!(Publication);

coded_enum! {
    /// What a publication is.
    PublicationKind {
        /// How one site did it (台本).
        Playbook,
        /// What many sites learnt.
        Textbook,
    }
}

/// A version of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "第2版", "on": "2026-10-01", "url": "https://example.jp/playbook-2.pdf", "note": "申込書の見本を追加"}))]
pub struct Edition {
    #[validate(length(min = 1, max = 50), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 50)]
    pub label: String,
    /// The day on which it came out: not in the future (422 `day_in_future`).
    #[validate(custom(function = "past_day"))]
    pub on: NaiveDate,
    /// Where to read it.
    #[serde(default)]
    #[validate(length(max = 2000), custom(function = "https_address"))]
    #[schema(max_length = 2000, pattern = "^https://", format = "uri")]
    pub url: Option<String>,
    /// What is new in it.
    #[serde(default)]
    #[validate(length(min = 1, max = 500), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 500)]
    pub note: Option<String>,
}

/// A page about a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "紹介動画", "url": "https://example.jp/movie"}))]
pub struct PublicationLink {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    #[validate(length(max = 2000), custom(function = "https_address"))]
    #[schema(max_length = 2000, pattern = "^https://", format = "uri")]
    pub url: String,
}

/// To whom a publication was sent: a registered organization, or an office by its name. Not public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_recipient", skip_on_field_errors = false))]
#[schema(example = json!({"organization_id": null, "name": "八王子市 高齢者福祉課", "on": "2026-10-15", "copies": 20}))]
pub struct Recipient {
    #[serde(default)]
    pub organization_id: Option<Id>,
    /// The name of an office or a group, not of a person.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// The day on which it was sent: not in the future (422 `day_in_future`).
    #[validate(custom(function = "past_day"))]
    pub on: NaiveDate,
    /// How many copies.
    #[validate(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub copies: i32,
}

fn one_recipient(recipient: &Recipient) -> Result<(), ValidationError> {
    if recipient.organization_id.is_some() != recipient.name.is_some() {
        return Ok(());
    }
    Err(broken_at(
        "name",
        "one_recipient",
        "organization_id か name のどちらか一つを指定してください。",
        "Give either organization_id or name.",
    ))
}

fn short_points(points: &[String]) -> Result<(), ValidationError> {
    let is_point = |point: &String| !point.trim().is_empty() && point.chars().count() <= 300;
    if points.iter().all(is_point) {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "ポイントはそれぞれ1〜300文字で入力してください。",
        "Give each point 1 to 300 characters.",
    ))
}

fn draft() -> PressStatus {
    PressStatus::Draft
}

/// The fields of a publication that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "playbook", "title": "移動支援のはじめかた", "site": "八王子市 館ヶ丘団地",
    "summary": "団地の坂道を、住民どうしの車で越えるまで。", "points": ["最初の月は週1日に絞る", "運転者を二人一組にする"],
    "making": "担当者と住民への聞き取りを6回行い、ライターとデザイナーがまとめました。", "area": "132012", "status": "published",
    "versions": [{"label": "第1版", "on": "2026-09-01", "url": "https://example.jp/playbook.pdf", "note": null}],
    "links": [{"title": "紹介動画", "url": "https://example.jp/movie"}],
    "recipients": [{"organization_id": null, "name": "八王子市 高齢者福祉課", "on": "2026-10-15", "copies": 20}]}))]
pub struct NewPublication {
    pub kind: PublicationKind,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// Where it comes from: a place or a group.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub site: Option<String>,
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub summary: Option<String>,
    /// What to take from it, in short.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "short_points"))]
    #[schema(max_items = 20)]
    pub points: Vec<String>,
    /// How it was made.
    #[serde(default)]
    #[validate(length(min = 1, max = 10_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub making: Option<String>,
    /// The area that it is about. Null: all. Only the secretariat writes such a publication.
    #[serde(default)]
    pub area: Option<AreaCode>,
    #[serde(default = "draft")]
    #[schema(default = "draft")]
    pub status: PressStatus,
    #[serde(default)]
    #[validate(length(max = 30), nested)]
    #[schema(max_items = 30)]
    pub versions: Vec<Edition>,
    #[serde(default)]
    #[validate(length(max = 30), nested)]
    #[schema(max_items = 30)]
    pub links: Vec<PublicationLink>,
    /// Empty for those who may not write the publication.
    #[serde(default)]
    #[validate(length(max = 200), nested)]
    #[schema(max_items = 200)]
    pub recipients: Vec<Recipient>,
}

impl Plan for NewPublication {
    const PAGE: PageKind = PageKind::Publication;
    const SUBJECT: Subject = Subject::Publication;
    const RECORD: RecordKind = RecordKind::Publications;

    fn missing() -> Error {
        Error::not_found("資料", "publication")
    }

    fn kind(&self) -> &'static str {
        self.kind.code()
    }

    fn status(&self) -> PressStatus {
        self.status
    }

    fn texts(&self) -> Vec<&str> {
        let more = [&self.site, &self.summary, &self.making];
        let more = more.into_iter().flatten().map(String::as_str);
        let points = self.points.iter().map(String::as_str);
        std::iter::once(self.title.as_str())
            .chain(more)
            .chain(points)
            .collect()
    }
}

/// A playbook or a textbook.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Publication {
    pub id: Id,
    #[serde(flatten)]
    pub plan: NewPublication,
    /// What readers think of it.
    pub feedback: FeedbackSummary,
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

impl Publication {
    pub fn of(item: Item<NewPublication>, feedback: FeedbackSummary) -> Publication {
        Publication {
            id: item.id,
            plan: item.plan,
            feedback,
            published_at: item.published_at,
            views: None,
            demo: item.demo,
            version: item.version,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}
