//! Secret URLs at which calendars and feed readers follow what concerns a user.
//!
//! * `actions`: making, listing and revoking them, and opening one with its secret. `calendar`: milestones, meetings and
//!   deadlines as iCalendar. `requests`: requests that were opened, as Atom and JSON Feed.
//! * `ical` and `atom` write these formats, also for other slices.
//!
//! A calendar or a feed reader can't log in, so the URL has a secret, of which only a digest is stored. It is in the query,
//! which the access log leaves out. What the URL shows is what its user may see at the moment of reading: it ends when the
//! user is disabled, and narrows with their reach.
//!
//! Deliberately absent: names of people, and what they wrote; and feeds of partner apps, which follow the API.

pub mod actions;
pub mod atom;
mod calendar;
pub mod http;
pub mod ical;
mod requests;
pub mod store;

use crate::auth::{Extent, Reach, Scope, UserRole, extent};
use crate::db::{Id, Instant};
use crate::error::{Error, Text};
use crate::http::disclosure::impersonal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

impersonal!(Feed, FeedWithUrls);

/// How many feeds a user has at most.
const MOST: usize = 10;

/// An empty object.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NewFeed {}

/// A secret address at which you read what concerns you.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    pub id: Id,
    pub created_at: Instant,
}

/// A feed with its addresses, which are shown only once. Anybody who has one reads what you may see.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "created_at": "2026-11-10T02:00:00Z",
    "calendar_url": "https://musubi.example.jp/v1/feeds/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/calendar.ics?secret=mfd_…",
    "requests_url": "https://musubi.example.jp/v1/feeds/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/requests.atom?secret=mfd_…",
    "requests_json_url": "https://musubi.example.jp/v1/feeds/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/requests.json?secret=mfd_…"}))]
pub struct FeedWithUrls {
    #[serde(flatten)]
    pub feed: Feed,
    /// Your milestones, meetings, last days and deadlines as iCalendar, for calendar programs. Null if the response is repeated.
    pub calendar_url: Option<String>,
    /// The requests that were opened, as Atom. Null if the response is repeated.
    pub requests_url: Option<String>,
    /// The same as JSON Feed. Null if the response is repeated.
    pub requests_json_url: Option<String>,
}

/// The members that hold the secret.
const SECRETS: [&str; 3] = ["/calendar_url", "/requests_url", "/requests_json_url"];

/// Whose feed is read.
pub struct Owner {
    role: UserRole,
    reach: Reach,
}

impl Owner {
    /// Returns which records the owner may use a scope for. `None`: none.
    fn reach<S: Scope>(&self) -> Option<Reach> {
        Some(match extent(self.role, S::NAME)? {
            Extent::All => Reach::Everything,
            Extent::Own => self.reach.clone(),
        })
    }
}

fn missing() -> Error {
    Error::not_found("フィード", "feed")
}

fn too_many() -> Error {
    Error::Conflict {
        code: "too_many_feeds",
        detail: Text::new(
            format!("フィードは{MOST}件までです。使っていないものを取り消してください。"),
            format!("You have {MOST} feeds. Revoke one that you no longer use."),
        ),
    }
}
