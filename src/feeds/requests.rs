//! Requests that were opened, the newest first, as Atom and as JSON Feed 1.1.

use super::Owner;
use super::atom::{self, Entry};
use crate::auth::ReadDeliverables;
use crate::catalogue::Catalogue;
use crate::db::{Db, Instant};
use crate::deliverables::{Deliverable, DeliverableFilter, DeliverableSort, DeliverableStatus, store};
use crate::error::{Error, Result};
use crate::http::Language;
use crate::http::query::Several;
use serde::Serialize;
use utoipa::ToSchema;

/// How many requests a feed shows.
const SHOWN: u32 = 50;

/// The feed's own parts.
pub struct Requests {
    /// The address of the server.
    base: String,
    /// The feed's id.
    id: String,
    title: &'static str,
    entries: Vec<Entry>,
}

/// Lists the requests that are open and that the owner may see.
pub fn list(
    db: &mut Db,
    owner: &Owner,
    catalogue: &Catalogue,
    (base, id): (&str, crate::db::Id),
    language: Language,
) -> Result<Requests> {
    let filter = DeliverableFilter {
        status: Some(Several(vec![DeliverableStatus::Open])),
        sort: DeliverableSort::StatusSinceDescending,
        limit: Some(SHOWN),
        ..DeliverableFilter::default()
    };
    let open = match owner.reach::<ReadDeliverables>() {
        Some(reach) => store::list(db, &reach, &filter, false)?.items,
        None => Vec::new(),
    };
    let base = base.trim_end_matches('/').to_owned();
    let entry = |one: Deliverable| {
        let request = &one.request;
        let type_ = catalogue.types.get(request.type_.as_str());
        let type_ = type_.map(|entry| entry.definition.names.in_language(language).to_owned());
        let area = request
            .area
            .as_ref()
            .and_then(|area| catalogue.area(area.as_str()));
        let area = area.map(|area| match language {
            Language::Ja => area.name.clone(),
            Language::En => area.english.clone(),
        });
        Entry {
            id: format!("urn:uuid:{}", one.id),
            // A page for people: the console asks for the login, and then shows the request.
            url: format!("{base}/#/requests/{}", one.id),
            title: request.title.clone(),
            summary: type_.into_iter().chain(area).collect::<Vec<_>>().join(" / "),
            content: None,
            published_at: one.status_since,
            changed_at: one.updated_at,
        }
    };
    let entries = open.into_iter().map(entry).collect();
    Ok(Requests {
        id: format!("urn:uuid:{id}"),
        title: match language {
            Language::Ja => "募集中の支援内容",
            Language::En => "Open requests",
        },
        entries,
        base,
    })
}

impl Requests {
    pub fn atom(&self) -> Result<String> {
        atom::write(&self.id, self.title, &[], &self.entries)
    }

    pub fn json(&self) -> Result<String> {
        let item = |entry: &Entry| JsonFeedItem {
            id: entry.id.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            content_text: entry.summary.clone(),
            date_published: entry.published_at,
            date_modified: entry.changed_at,
        };
        let feed = JsonFeed {
            version: "https://jsonfeed.org/version/1.1",
            title: self.title,
            home_page_url: self.base.clone(),
            items: self.entries.iter().map(item).collect(),
        };
        serde_json::to_string(&feed).map_err(|e| Error::Internal(format!("a feed can't be written: {e}")))
    }
}

/// Requests as JSON Feed 1.1.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeed {
    /// Always `https://jsonfeed.org/version/1.1`.
    version: &'static str,
    title: &'static str,
    home_page_url: String,
    items: Vec<JsonFeedItem>,
}

/// A request that is open.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonFeedItem {
    id: String,
    url: String,
    title: String,
    /// The type and the area.
    content_text: String,
    /// When it was opened.
    date_published: Instant,
    date_modified: Instant,
}
