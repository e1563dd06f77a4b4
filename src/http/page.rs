//! Keyset pages: `{"items": […], "next": cursor}`. A cursor holds the sort value and id of the last item, so items
//! that are added or deleted meanwhile neither repeat nor hide others.

use super::disclosure::{Discloses, Disclosure};
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Items of a page if the request has no `limit`.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items of a page.
pub const MAX_LIMIT: u32 = 200;

/// The size of a page in bytes. A page with larger items ends earlier; it always has one.
pub const MAX_BYTES: usize = 1024 * 1024;

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last page. A page can have fewer items than `limit` before the last.
    pub next: Option<String>,
    /// The cursors after each item, for a page that ends earlier.
    #[serde(skip)]
    cursors: Vec<Cursor>,
}

/// The parameters of a list without filters.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

/// Checks the parameter `limit`, and returns the default if there is none.
pub fn limit(given: Option<u32>) -> Result<i64> {
    let limit = given.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit.into());
    }
    let rule = Text::new(
        format!("1〜{MAX_LIMIT}の値を指定してください。"),
        format!("The value must be 1 to {MAX_LIMIT}."),
    );
    Err(Error::parameter("limit", "out_of_range", rule))
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` rows. The extra row means that there is a next page.
    pub fn of(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let cursors: Vec<Cursor> = rows.iter().map(cursor).collect();
        let next = cursors.last().filter(|_| more).map(Cursor::encode);
        Page {
            items: rows,
            next,
            cursors,
        }
    }

    /// Makes the only page of a short list.
    pub fn all(items: Vec<T>) -> Page<T> {
        Page {
            items,
            next: None,
            cursors: Vec::new(),
        }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
            cursors: self.cursors,
        }
    }
}

impl<T: Serialize> Page<T> {
    /// Writes the page as JSON, with as many items as [`MAX_BYTES`] allows, and leaves out the others.
    fn write(&mut self) -> serde_json::Result<Vec<u8>> {
        let mut json = br#"{"items":["#.to_vec();
        let mut shown = self.items.len();
        for (i, item) in self.items.iter().enumerate() {
            let before = json.len();
            if i > 0 {
                json.push(b',');
            }
            serde_json::to_writer(&mut json, item)?;
            let last = i.checked_sub(1).and_then(|last| self.cursors.get(last));
            if let Some(last) = last.filter(|_| json.len() > MAX_BYTES) {
                json.truncate(before);
                self.next = Some(last.encode());
                shown = i;
                break;
            }
        }
        self.items.truncate(shown);
        json.extend_from_slice(br#"],"next":"#);
        serde_json::to_writer(&mut json, &self.next)?;
        json.push(b'}');
        Ok(json)
    }
}

/// The position of an item in a list: the name of the order, the item's value in it, and its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    pub sort: String,
    pub value: String,
    pub id: Id,
}

impl Cursor {
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// Decodes a cursor, which is only valid in the order that it was made for.
    pub fn decode(text: Option<&str>, sort: &str) -> Result<Option<Cursor>> {
        let Some(text) = text else { return Ok(None) };
        let cursor: Cursor = decode(text)?;
        if cursor.sort == sort {
            Ok(Some(cursor))
        } else {
            Err(invalid_cursor())
        }
    }
}

/// Returns the value, parsed by `value`, and the id of the last item of the previous page.
pub fn after<T>(cursor: &Option<Cursor>, value: impl Fn(&str) -> Option<T>) -> Result<Option<(T, Id)>> {
    let parse = |c: &Cursor| {
        value(&c.value)
            .map(|value| (value, c.id))
            .ok_or_else(invalid_cursor)
    };
    cursor.as_ref().map(parse).transpose()
}

/// Encodes any cursor as opaque text.
pub fn encode(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid_cursor())?;
    // A forged cursor may contain NUL, which PostgreSQL can't store.
    let parsed = serde_json::from_slice(&bytes)
        .ok()
        .filter(|_| !bytes.windows(6).any(|w| w == b"\\u0000"));
    parsed.ok_or_else(invalid_cursor)
}

pub fn invalid_cursor() -> Error {
    let rule = Text::new(
        "前のページの next の値を、同じ並び順で指定してください。",
        "Use the value of next from the previous page, with the same sort order.",
    );
    Error::Invalid(vec![FieldError::parameter("cursor", "invalid_cursor", rule)])
}

impl<T: Discloses> Discloses for Page<T> {
    fn people(&self) -> Vec<Id> {
        self.items.iter().flat_map(T::people).collect()
    }
}

impl<T: Serialize + Discloses> Responder for Page<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(mut self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        let json = match self.write() {
            Ok(written) => written,
            Err(e) => {
                return HttpResponse::from_error(Error::Internal(format!("a page can't be written: {e}")));
            }
        };
        if let Some(next) = &self.next {
            let others = form_urlencoded::parse(request.query_string().as_bytes())
                .filter(|(name, _)| name != "cursor");
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(others).append_pair("cursor", next);
            let link = format!("<{}?{}>; rel=\"next\"", request.path(), query.finish());
            response.insert_header((header::LINK, link));
        }
        Disclosure(self.people()).attach(response.content_type("application/json").body(json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_a_cursor_only_in_its_own_order() {
        let cursor = Cursor {
            sort: "name".into(),
            value: "風".into(),
            id: Id::new(),
        };
        assert_eq!(
            Cursor::decode(Some(&cursor.encode()), "name").unwrap(),
            Some(cursor.clone())
        );
        assert!(Cursor::decode(Some(&cursor.encode()), "-name").is_err());
        assert!(Cursor::decode(Some("not a cursor"), "name").is_err());
    }

    #[test]
    fn has_a_next_page_if_there_is_an_extra_row() {
        let cursor = |n: &i32| Cursor {
            sort: "n".into(),
            value: n.to_string(),
            id: Id::new(),
        };
        assert_eq!(Page::of(vec![1, 2, 3], 3, cursor).next, None);
        let page = Page::of(vec![1, 2, 3], 2, cursor);
        assert_eq!((page.items.len(), page.next.is_some()), (2, true));
    }

    #[test]
    fn ends_early_where_items_are_large() {
        let cursor = |text: &String| Cursor {
            sort: "n".into(),
            value: text.chars().take(1).collect(),
            id: Id::new(),
        };
        let large = |letter: &str| letter.repeat(MAX_BYTES * 2 / 5);
        let items = vec![large("a"), large("b"), large("c")];
        let mut page = Page::of(items, 3, cursor);
        let json = page.write().unwrap();
        let written: Page<String> = serde_json::from_slice(&json).unwrap();
        assert_eq!(written.items.len(), 2);
        assert_eq!(
            Cursor::decode(page.next.as_deref(), "n").unwrap().unwrap().value,
            "b"
        );
        assert_eq!((page.items.len(), written.next), (2, page.next));
        let mut alone = Page::of(vec!["d".repeat(MAX_BYTES * 2)], 1, cursor);
        alone.write().unwrap();
        assert_eq!(alone.next, None, "a page has at least one item");
    }
}
