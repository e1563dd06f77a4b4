//! Keyset pages: `{"items": […], "next": cursor}`. A cursor holds where the last item stood in the order, so
//! that items which come or go meanwhile neither repeat nor hide others.

use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Items of a page where the client doesn't say.
pub const DEFAULT_LIMIT: u32 = 50;
/// Items of a page at most.
pub const MAX_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// To be given as `cursor` for the next page; null on the last.
    pub next: Option<String>,
}

/// The limit asked for, if it is a legal one.
pub fn limit(asked: Option<u32>) -> Result<i64> {
    let limit = asked.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit.into());
    }
    let rule = Text::new(
        format!("値は1〜{MAX_LIMIT}にしてください。"),
        format!("The value has to be 1 to {MAX_LIMIT}."),
    );
    Err(Error::parameter("limit", "range", rule))
}

impl<T> Page<T> {
    /// Of up to `limit + 1` rows: the one too many tells that there is a next page.
    pub fn of(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|last| cursor(last).encode());
        Page { items: rows, next }
    }

    /// A list that fits on one page.
    pub fn all(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
        }
    }
}

/// Where an item stands in an order: the order's name, the item's value in it, and its id.
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

    /// A cursor belongs to the order that it came from.
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

/// Where the page before ended: its last item's value, read as what it is, and id.
pub fn after<T>(cursor: &Option<Cursor>, value: impl Fn(&str) -> Option<T>) -> Result<Option<(T, Id)>> {
    let read = |c: &Cursor| {
        value(&c.value)
            .map(|value| (value, c.id))
            .ok_or_else(invalid_cursor)
    };
    cursor.as_ref().map(read).transpose()
}

/// Any cursor as opaque text.
pub fn encode(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid_cursor())?;
    // A cursor that was made up may hold what PostgreSQL can't store.
    let parsed = serde_json::from_slice(&bytes)
        .ok()
        .filter(|_| !bytes.windows(6).any(|w| w == b"\\u0000"));
    parsed.ok_or_else(invalid_cursor)
}

pub fn invalid_cursor() -> Error {
    let rule = Text::new(
        "前のページの next の値を、同じ並び順で指定してください。",
        "A cursor is the value of next from the page before, in the same order.",
    );
    Error::Invalid(vec![FieldError::parameter("cursor", "invalid_cursor", rule)])
}

impl<T: Serialize> Responder for Page<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = &self.next {
            let others = form_urlencoded::parse(request.query_string().as_bytes())
                .filter(|(name, _)| name != "cursor");
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(others).append_pair("cursor", next);
            let link = format!("<{}?{}>; rel=\"next\"", request.path(), query.finish());
            response.insert_header((header::LINK, link));
        }
        response.json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_wire_and_keeps_its_order() {
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
    fn the_row_too_many_tells_of_a_next_page() {
        let cursor = |n: &i32| Cursor {
            sort: "n".into(),
            value: n.to_string(),
            id: Id::new(),
        };
        assert_eq!(Page::of(vec![1, 2, 3], 3, cursor).next, None);
        let page = Page::of(vec![1, 2, 3], 2, cursor);
        assert_eq!((page.items.len(), page.next.is_some()), (2, true));
    }
}
