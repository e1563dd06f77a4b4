//! Keyset pages: `{"items": […], "next": cursor}`. A cursor holds the sort value and id of the last item, so items
//! that are added or deleted meanwhile neither repeat nor hide others.

use super::disclosure::{Discloses, Disclosure};
use super::query::Several;
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ArrayBuilder, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Items of a page if the request has no `limit`.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most items of a page.
pub const MAX_LIMIT: u32 = 200;

/// The usual size of an item in bytes, for the room that a page takes at first.
const ITEM_BYTES: usize = 1536;

/// The size of a page in bytes. A page with larger items ends earlier; it always has one.
pub const MAX_BYTES: usize = 1024 * 1024;

/// How far a list is counted.
const MAX_COUNTED: usize = 10_000;
/// The limit of a query that counts: one more says that there are more.
pub const COUNTED: i64 = MAX_COUNTED as i64 + 1;

/// How many items a list has in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"count": 128, "exact": true}))]
pub struct Total {
    #[schema(minimum = 0, maximum = 10_000)]
    pub count: usize,
    /// Whether these are all. Counting ends at 10,000.
    pub exact: bool,
}

impl Total {
    /// Makes a total of a count that went up to [`COUNTED`].
    pub fn of(counted: usize) -> Total {
        Total {
            count: counted.min(MAX_COUNTED),
            exact: counted <= MAX_COUNTED,
        }
    }
}

/// Records that the items of a page name, by kind, each once and as its own `GET` shows it to you. What you may not see is
/// not among them.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Included {
    kinds: BTreeMap<&'static str, Vec<Value>>,
    #[serde(skip)]
    people: Vec<Id>,
}

impl Included {
    pub fn add<T: Serialize + Discloses>(&mut self, kind: &'static str, records: &[T]) -> Result<()> {
        self.people.extend(records.iter().flat_map(T::people));
        let values = records
            .iter()
            .map(serde_json::to_value)
            .collect::<serde_json::Result<_>>();
        let values = values.map_err(|e| Error::Internal(format!("a record can't be written: {e}")))?;
        self.kinds.insert(kind, values);
        Ok(())
    }
}

impl Discloses for Included {
    fn people(&self) -> Vec<Id> {
        self.people.clone()
    }
}

impl PartialSchema for Included {
    fn schema() -> RefOr<Schema> {
        let record = ObjectBuilder::new().schema_type(Type::Object);
        let about = "Records that the items name, by kind (`organizations`, `deliverable_types`, `deliverables`), each once \
            and as its own `GET` shows it to you. What you may not see is not among them.";
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(ArrayBuilder::new().items(record)))
            .description(Some(about))
            .into()
    }
}

impl ToSchema for Included {}

/// One page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The `cursor` of the next page; null on the last page. A page can have fewer items than `limit` before the last.
    pub next: Option<String>,
    /// The size of the whole list, in lists that have the parameter `count` and if you ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<Total>,
    /// Those of the parameter `ids` that the list doesn't have: there is no such record, you may not see it, or another
    /// filter leaves it out. Only in lists that have the parameter, and if you use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub missing: Option<Vec<Id>>,
    /// What you asked for with the parameter `include`, in lists that have it.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub included: Option<Included>,
    /// The cursors after each item, for a page that ends earlier.
    #[serde(skip)]
    cursors: Vec<Cursor>,
}

/// The parameters of a list without filters.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

/// Which entries of a list are read that is ordered by id: up to so many of those after an id.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub after: Id,
    pub limit: i64,
}

impl Part {
    pub const ALL: Part = Part {
        after: Id(Uuid::nil()),
        limit: i64::MAX,
    };

    /// Returns the part after the last entry that is known, or the first one.
    pub fn after(last: Option<Id>, limit: i64) -> Part {
        Part {
            after: last.unwrap_or(Part::ALL.after),
            limit,
        }
    }
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

/// Checks the parameters `limit` and `ids`. A page has room for all of the ids unless `limit` is smaller.
pub fn limit_of_ids(given: Option<u32>, ids: &Option<Several<Id>>) -> Result<i64> {
    let count = ids
        .as_ref()
        .map(|ids| u32::try_from(ids.0.len()).unwrap_or(u32::MAX));
    if count.is_some_and(|count| count > MAX_LIMIT) {
        let rule = Text::new(
            format!("{MAX_LIMIT}件以内で指定してください。"),
            format!("Use at most {MAX_LIMIT} ids."),
        );
        return Err(Error::parameter("ids", "invalid_length", rule));
    }
    limit(given.or(count))
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
            total: None,
            missing: None,
            included: None,
            cursors,
        }
    }

    /// Makes the only page of a short list.
    pub fn all(items: Vec<T>) -> Page<T> {
        Page {
            items,
            next: None,
            total: None,
            missing: None,
            included: None,
            cursors: Vec::new(),
        }
    }

    /// Adds what was asked about the whole list: its size, and which of the ids it doesn't have. `all` loads the ids of the
    /// list, up to [`COUNTED`].
    pub fn of_whole(
        self,
        count: bool,
        ids: &Option<Several<Id>>,
        all: impl FnOnce() -> Result<Vec<Id>>,
    ) -> Result<Page<T>> {
        if !count && ids.is_none() {
            return Ok(self);
        }
        let all = all()?;
        let missing = |ids: &Several<Id>| ids.0.iter().filter(|id| !all.contains(id)).copied().collect();
        Ok(Page {
            total: count.then(|| Total::of(all.len())),
            missing: ids.as_ref().map(missing),
            ..self
        })
    }

    /// Adds the size of the whole list if it was asked for. `all` counts, up to [`COUNTED`].
    pub fn counted(self, count: bool, all: impl FnOnce() -> Result<usize>) -> Result<Page<T>> {
        let total = count.then(all).transpose()?.map(Total::of);
        Ok(Page { total, ..self })
    }

    pub fn including(self, included: Option<Included>) -> Page<T> {
        Page { included, ..self }
    }

    /// Keeps the items that pass, each with its cursor.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let kept: Vec<bool> = self.items.iter().map(keep).collect();
        let mut of_items = kept.iter();
        self.items.retain(|_| of_items.next().copied().unwrap_or(true));
        let mut of_cursors = kept.iter();
        self.cursors
            .retain(|_| of_cursors.next().copied().unwrap_or(true));
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        let (items, page) = self.apart();
        Page {
            items: items.into_iter().map(f).collect(),
            ..page
        }
    }

    /// Returns what `f` makes of all items together. It keeps their order.
    pub fn map_all<U>(self, f: impl FnOnce(Vec<T>) -> Result<Vec<U>>) -> Result<Page<U>> {
        let (items, page) = self.apart();
        Ok(Page {
            items: f(items)?,
            ..page
        })
    }

    fn apart<U>(self) -> (Vec<T>, Page<U>) {
        let page = Page {
            items: Vec::new(),
            next: self.next,
            total: self.total,
            missing: self.missing,
            included: self.included,
            cursors: self.cursors,
        };
        (self.items, page)
    }
}

impl<T: Serialize> Page<T> {
    /// Writes the page as JSON, with as many items as [`MAX_BYTES`] allows, and leaves out the others.
    fn write(&mut self) -> serde_json::Result<Vec<u8>> {
        let mut json = Vec::with_capacity(ITEM_BYTES * self.items.len());
        json.extend_from_slice(br#"{"items":["#);
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
        if let Some(total) = &self.total {
            json.extend_from_slice(br#","total":"#);
            serde_json::to_writer(&mut json, total)?;
        }
        if let Some(missing) = &self.missing {
            json.extend_from_slice(br#","missing":"#);
            serde_json::to_writer(&mut json, missing)?;
        }
        if let Some(included) = &self.included {
            json.extend_from_slice(br#","included":"#);
            serde_json::to_writer(&mut json, included)?;
        }
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
        let included = self.included.iter().flat_map(Included::people);
        self.items.iter().flat_map(T::people).chain(included).collect()
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
            response.insert_header((header::LINK, link_to_next(request, next)));
        }
        Disclosure(self.people()).attach(response.content_type("application/json").body(json))
    }
}

/// Returns the header `Link` that leads to the next page.
pub fn link_to_next(request: &HttpRequest, next: &str) -> String {
    let others =
        form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name != "cursor");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others).append_pair("cursor", next);
    format!("<{}?{}>; rel=\"next\"", request.path(), query.finish())
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
