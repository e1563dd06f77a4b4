//! What is shown to everybody: cards of projects (`/v1/showcase`), news and newsletters (`/v1/posts`), playbooks and textbooks
//! (`/v1/publications`), and how often each was read.
//!
//! * `cards`, `posts`, `publications`: the records and their rules. `feedback`: what readers think of publications. `markdown`:
//!   the text of posts as harmless HTML. `filter`: the parameters of lists. `month`: months as they are written.
//! * `counter`: collects page views until they are written. `actions`: the use cases that all records share; `showcase`, `news`
//!   and `library`: what is special to cards, posts and publications. `html`: pages. `store`: SQL. `http`: the operations, most of which
//!   need no token, and the pages. `tasks`: writes the page views.
//!
//! All these records are rows of one table, as they obey the same rules: an office drafts them, publishes them, and everybody
//! reads what is published. With a token, the same address shows drafts to those who may write them.
//!
//! A card is shown while its organization agrees to it. What an organization writes itself is released by a coordinator.
//!
//! A page view is a number per page and month, also of the pages of `listings`. Nothing is kept about who reads: no address, no
//! cookie, no time.
//!
//! Deliberately absent: pictures, which are shown by their https address.

pub mod actions;
pub mod cards;
pub mod counter;
pub mod feedback;
pub mod filter;
mod html;
pub mod http;
pub mod library;
pub mod markdown;
pub mod month;
pub mod news;
pub mod posts;
pub mod publications;
pub mod showcase;
pub mod store;
pub mod tasks;

use crate::auth::{Reach, RecordKind};
use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::disclosure::impersonal;
use crate::values::{AreaCode, Code, broken, coded_enum};
use month::Month;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::ValidationError;

impersonal!(PageViews);

coded_enum! {
    /// How far a card or a text has come.
    PressStatus {
        /// Only those who may change it see it.
        Draft,
        /// An organization asks a coordinator to publish it.
        Submitted,
        /// Everybody sees it: a card while its organization agrees, a post from `publish_at` on.
        Published,
    }
}

coded_enum! {
    /// The kind of a page whose views are counted.
    PageKind {
        /// A card of a project.
        Card,
        /// News or a newsletter.
        Post,
        /// A playbook or a textbook.
        Publication,
        /// The page of an event.
        Event,
        /// A page of the lists of events, openings for volunteers, cards, posts and publications.
        Listing,
    }
}

impl PageKind {
    /// Returns the codes of its records in the column `kind`. Pages of events have none.
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            PageKind::Card => &["card"],
            PageKind::Post => &["news", "newsletter"],
            PageKind::Publication => &["playbook", "textbook"],
            PageKind::Event | PageKind::Listing => &[],
        }
    }

    pub fn has_records(self) -> bool {
        !self.kinds().is_empty()
    }
}

/// What clients write of a record that can be shown to everybody.
pub trait Plan: Clone + PartialEq + Serialize + DeserializeOwned {
    const PAGE: PageKind;
    /// The kind of record in the change log.
    const SUBJECT: Subject;
    /// The kind of record in the table of who writes which property.
    const RECORD: RecordKind;

    fn missing() -> Error;

    /// Returns the code in the column `kind`.
    fn kind(&self) -> &'static str;
    fn status(&self) -> PressStatus;

    /// Returns when it is to be published, if that is planned.
    fn publish_at(&self) -> Option<Instant> {
        None
    }

    /// Returns whether those agree who are shown.
    fn is_agreed(&self) -> bool {
        true
    }

    fn number(&self) -> Option<i32> {
        None
    }

    /// Returns the texts that a search looks in.
    fn texts(&self) -> Vec<&str>;
}

/// Who set something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"by": "coordinator:0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "at": "2026-11-10T02:00:00Z"}))]
pub struct Signature {
    /// The role and the id of a user, never a name.
    pub by: String,
    pub at: Instant,
}

/// What a record takes from other records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    pub area: Option<AreaCode>,
    pub organization_id: Option<Id>,
    pub project_id: Option<Id>,
    pub type_: Option<Code>,
    /// The project's year. None: that of the publication.
    pub fiscal_year: Option<i32>,
    /// The name of the organization.
    pub name: Option<String>,
}

impl Basis {
    pub fn of_area(area: &Option<AreaCode>) -> Basis {
        Basis {
            area: area.clone(),
            ..Basis::default()
        }
    }
}

/// A record that can be shown to everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<P> {
    pub id: Id,
    pub plan: P,
    /// What everybody sees, while a change by an organization waits for a coordinator.
    pub released: Option<P>,
    pub basis: Basis,
    /// Since when it is public, or will be. None: it never was.
    pub published_at: Option<Instant>,
    pub consent_recorded: Option<Signature>,
    /// Whether the demonstration made it up, as far as that was asked for.
    pub demo: bool,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl<P: Plan> Item<P> {
    /// Returns whether everybody sees it from `listed_at` on.
    pub fn is_released(&self) -> bool {
        self.released.is_some() || self.plan.status() == PressStatus::Published && self.plan.is_agreed()
    }

    /// Returns it as everybody sees it: a change that waits for a coordinator isn't public.
    pub fn as_released(mut self) -> Item<P> {
        if let Some(released) = self.released.take() {
            self.plan = released;
        }
        self
    }

    /// Returns the moment by which it is listed.
    pub fn listed_at(&self) -> Instant {
        self.published_at.unwrap_or(self.created_at)
    }
}

/// A page and a month.
pub type PageMonth = (PageKind, Id, Month);

/// The views of a page in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"month": "2026-11", "views": 48}))]
pub struct MonthlyViews {
    #[schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    pub month: Month,
    #[schema(minimum = 0)]
    pub views: i64,
}

/// The views of all pages of a kind in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"month": "2026-11", "kind": "post", "views": 312, "published": 4}))]
pub struct KindViews {
    #[schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    pub month: Month,
    pub kind: PageKind,
    #[schema(minimum = 0)]
    pub views: i64,
    /// How many of the pages that are public now were published in this month, without those that the demonstration made up. Null
    /// for pages of events.
    #[schema(minimum = 0)]
    pub published: Option<i64>,
}

/// Views of pages by month and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageViews {
    /// The oldest month first, every kind in each.
    pub items: Vec<KindViews>,
}

/// Returns the status that a record gets when somebody writes it. What an organization writes is released by a coordinator.
pub fn next_status(reach: &Reach, asked: PressStatus) -> PressStatus {
    let is_office = matches!(reach, Reach::Everything | Reach::Areas(_));
    match asked {
        PressStatus::Published if !is_office => PressStatus::Submitted,
        asked => asked,
    }
}

/// Returns since when a record is public, or will be.
pub fn publication(plan: &impl Plan, before: Option<Instant>, now: Instant) -> Option<Instant> {
    match plan.status() {
        PressStatus::Published => {
            let known = before.filter(|at| *at <= now);
            Some(plan.publish_at().or(known).unwrap_or(now))
        }
        PressStatus::Draft | PressStatus::Submitted => before,
    }
}

/// Checks that the time of publication, if it is new, isn't over.
pub fn check_publication(plan: &impl Plan, before: Option<Instant>, now: Instant) -> Result<()> {
    let new = plan.publish_at().filter(|at| before != Some(*at));
    if new.is_none_or(|at| at >= now) {
        return Ok(());
    }
    let rule = Text::new(
        "公開日時には、これからの日時を指定してください。すぐに公開するには、空のままにします。",
        "This moment is over. Leave it out to publish at once.",
    );
    Err(Error::invalid("/publish_at", "publication_is_past", rule))
}

/// Checks an address that browsers load from a page of ours.
pub fn https_address(url: &str) -> Result<(), ValidationError> {
    let rest = url.strip_prefix("https://");
    let is_plain =
        |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\' | '`');
    if rest.is_some_and(|rest| !rest.is_empty()) && url.chars().all(is_plain) {
        return Ok(());
    }
    Err(broken(
        "invalid_url",
        "https:// で始まるURLを入力してください。",
        "Enter a URL that begins with https://.",
    ))
}

#[cfg(test)]
mod tests {
    use super::posts::tests::news;
    use super::*;

    #[test]
    fn an_organization_submits_what_it_wants_to_publish() {
        let own = Reach::Organization(Id::new());
        assert_eq!(next_status(&own, PressStatus::Published), PressStatus::Submitted);
        assert_eq!(next_status(&own, PressStatus::Draft), PressStatus::Draft);
        let office = Reach::Areas(vec!["131041".to_owned()]);
        assert_eq!(
            next_status(&office, PressStatus::Published),
            PressStatus::Published
        );
    }

    #[test]
    fn a_post_is_published_at_its_time_or_at_once_and_keeps_the_moment() {
        let at = |text: &str| Instant::parse(text).unwrap();
        let (now, later) = (at("2026-11-10T02:00:00Z"), at("2026-12-01T00:00:00Z"));
        let mut post = news("本文");
        assert_eq!(publication(&post, None, now), None);
        post.status = PressStatus::Published;
        assert_eq!(publication(&post, None, now), Some(now));
        assert_eq!(publication(&post, Some(now), later), Some(now));
        assert_eq!(publication(&post, Some(later), now), Some(now), "no longer later");
        post.publish_at = Some(later);
        assert_eq!(publication(&post, Some(now), now), Some(later));
        assert!(check_publication(&post, None, now).is_ok());
        assert!(check_publication(&post, Some(later), at("2027-01-01T00:00:00Z")).is_ok());
        assert!(check_publication(&post, None, at("2027-01-01T00:00:00Z")).is_err());
    }

    #[test]
    fn only_plain_https_addresses_are_shown() {
        assert!(https_address("https://example.jp/写真.jpg").is_ok());
        for wrong in [
            "http://example.jp/",
            "https://",
            "javascript:alert(1)",
            "data:image/png;base64,x",
            "https://a\"b",
        ] {
            assert!(https_address(wrong).is_err(), "{wrong}");
        }
    }
}
