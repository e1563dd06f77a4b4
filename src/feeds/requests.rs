//! Requests that were opened, the newest first, as Atom (RFC 4287) and as JSON Feed 1.1.

use super::Owner;
use crate::auth::ReadDeliverables;
use crate::catalogue::Catalogue;
use crate::db::{Db, Instant};
use crate::deliverables::{Deliverable, DeliverableFilter, DeliverableSort, DeliverableStatus, store};
use crate::error::{Error, Result};
use crate::http::Language;
use crate::http::query::Several;
use quick_xml::Writer;
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

struct Entry {
    id: String,
    url: String,
    title: String,
    summary: String,
    opened_at: Instant,
    changed_at: Instant,
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
            url: format!("{base}/v1/deliverables/{}", one.id),
            title: request.title.clone(),
            summary: type_.into_iter().chain(area).collect::<Vec<_>>().join(" / "),
            opened_at: one.status_since,
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
    /// Returns when the feed changed last.
    pub fn changed_at(&self) -> Option<Instant> {
        self.entries.iter().map(|entry| entry.changed_at).max()
    }

    pub fn atom(&self) -> Result<String> {
        self.write_atom()
            .map_err(|e| Error::Internal(format!("a feed can't be written: {e}")))
    }

    fn write_atom(&self) -> std::io::Result<String> {
        // A feed needs a time: that of its first second if it is empty.
        let changed_at = self.changed_at().map(|at| at.to_string());
        let changed_at = changed_at.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
        let mut writer = Writer::new(Vec::new());
        let feed = writer
            .create_element("feed")
            .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
        feed.write_inner_content(|writer| {
            let text = |writer: &mut Writer<Vec<u8>>, name: &str, value: &str| {
                let text = quick_xml::events::BytesText::new(value);
                writer.create_element(name).write_text_content(text).map(|_| ())
            };
            text(writer, "id", &self.id)?;
            text(writer, "title", self.title)?;
            text(writer, "updated", &changed_at)?;
            writer
                .create_element("author")
                .write_inner_content(|writer| text(writer, "name", "Musubi"))?;
            for entry in &self.entries {
                writer.create_element("entry").write_inner_content(|writer| {
                    text(writer, "id", &entry.id)?;
                    text(writer, "title", &entry.title)?;
                    text(writer, "updated", &entry.changed_at.to_string())?;
                    text(writer, "published", &entry.opened_at.to_string())?;
                    writer
                        .create_element("link")
                        .with_attribute(("href", entry.url.as_str()))
                        .write_empty()?;
                    text(writer, "summary", &entry.summary)
                })?;
            }
            Ok(())
        })?;
        let xml = String::from_utf8(writer.into_inner()).map_err(std::io::Error::other)?;
        Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{xml}\n"))
    }

    pub fn json(&self) -> Result<String> {
        let item = |entry: &Entry| JsonFeedItem {
            id: entry.id.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            content_text: entry.summary.clone(),
            date_published: entry.opened_at,
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
