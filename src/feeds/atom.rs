//! Writing Atom (RFC 4287).

use crate::db::Instant;
use crate::error::{Error, Result};
use quick_xml::events::BytesText;
use quick_xml::writer::{ElementWriter, Writer};

/// One entry of a feed.
pub struct Entry {
    pub id: String,
    pub url: String,
    pub title: String,
    pub summary: String,
    /// The whole text, as HTML that can be shown anywhere.
    pub content: Option<String>,
    pub published_at: Instant,
    pub changed_at: Instant,
}

/// Writes a feed with its id, its title, and its links by their relation: `self`, `alternate`.
pub fn write(id: &str, title: &str, links: &[(&str, &str)], entries: &[Entry]) -> Result<String> {
    let written = try_write(id, title, links, entries);
    written.map_err(|e| Error::Internal(format!("a feed can't be written: {e}")))
}

fn try_write(id: &str, title: &str, links: &[(&str, &str)], entries: &[Entry]) -> std::io::Result<String> {
    // A feed needs a time: that of its first second if it is empty.
    let changed_at = entries.iter().map(|entry| entry.changed_at).max();
    let changed_at = changed_at.map(|at| at.to_string());
    let changed_at = changed_at.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
    let mut writer = Writer::new(Vec::new());
    let feed = writer
        .create_element("feed")
        .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
    feed.write_inner_content(|writer| {
        text(writer, "id", id)?;
        text(writer, "title", title)?;
        text(writer, "updated", &changed_at)?;
        for (relation, url) in links {
            link(writer, Some(relation), url)?;
        }
        writer
            .create_element("author")
            .write_inner_content(|writer| text(writer, "name", "Musubi"))?;
        for entry in entries {
            writer.create_element("entry").write_inner_content(|writer| {
                text(writer, "id", &entry.id)?;
                text(writer, "title", &entry.title)?;
                text(writer, "updated", &entry.changed_at.to_string())?;
                text(writer, "published", &entry.published_at.to_string())?;
                link(writer, None, &entry.url)?;
                text(writer, "summary", &entry.summary)?;
                match &entry.content {
                    Some(content) => html(writer, "content", content),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    })?;
    let xml = String::from_utf8(writer.into_inner()).map_err(std::io::Error::other)?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{xml}\n"))
}

fn text(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> std::io::Result<()> {
    fill(writer.create_element(name), value)
}

fn html(writer: &mut Writer<Vec<u8>>, name: &str, value: &str) -> std::io::Result<()> {
    fill(
        writer.create_element(name).with_attribute(("type", "html")),
        value,
    )
}

fn fill(element: ElementWriter<Vec<u8>>, value: &str) -> std::io::Result<()> {
    // XML has no way to write other control characters.
    let is_allowed =
        |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\n' | '\t');
    let value: String = value.chars().filter(is_allowed).collect();
    element.write_text_content(BytesText::new(&value)).map(|_| ())
}

fn link(writer: &mut Writer<Vec<u8>>, relation: Option<&str>, url: &str) -> std::io::Result<()> {
    let mut link = writer.create_element("link").with_attribute(("href", url));
    if let Some(relation) = relation {
        link = link.with_attribute(("rel", relation));
    }
    link.write_empty().map(|_| ())
}
