//! The parameters of lists of events, for those with a token and for everybody.

use super::{EventKind, EventStatus};
use crate::db::Id;
use crate::http::query::Several;
use crate::http::{Language, Paging};
use crate::values::{AreaCode, sort_order};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    EventSort {
        Starts = "starts_on",
        #[default]
        StartsDescending = "-starts_on",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<EventKind>>)]
    pub kind: Option<Several<EventKind>>,
    /// One status, or several separated by commas. An event whose change waits for a coordinator is found as `published`, and
    /// by those who hold it also as `submitted` or `draft`.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<EventStatus>>)]
    pub status: Option<Several<EventStatus>>,
    /// April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// An area that holds it.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// An organization that holds it.
    pub host_id: Option<Id>,
    pub programme_id: Option<Id>,
    /// The name of a series.
    #[param(max_length = 200)]
    pub series: Option<String>,
    /// Events that aren't over on this day.
    #[param(example = "2026-10-01")]
    pub from: Option<NaiveDate>,
    /// Events that have begun by this day. With `from`: that have a time on one of the days between the two.
    #[param(example = "2026-10-31")]
    pub until: Option<NaiveDate>,
    /// The order. Defaults to the newest first; a minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: EventSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}

/// The parameters of lists for everybody.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListingFilter {
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<EventKind>>)]
    pub kind: Option<Several<EventKind>>,
    /// An area that holds it. Events for all areas are found, too.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// Events that aren't over on this day. Those that are over now are never listed.
    #[param(example = "2026-10-01")]
    pub from: Option<NaiveDate>,
    /// Events that have begun by this day and have a time on one of the days from `from`, or from today, until it.
    #[param(example = "2026-10-31")]
    pub to: Option<NaiveDate>,
    /// Words to find in the title, the series, the description, the audience and the place, by any part of a word. Width,
    /// case, accents, kana and old kanji make no difference.
    #[param(max_length = 200, example = "広報")]
    pub q: Option<String>,
    /// Only events at a place that is accessible by wheelchair.
    #[serde(default)]
    pub wheelchair: bool,
    /// Only events that are free of charge.
    #[serde(default)]
    pub free: bool,
    /// Only events in which one can take part online.
    #[serde(default)]
    pub online: bool,
    /// The language of the words around the events, in formats that have such words.
    #[param(inline)]
    pub lang: Option<Language>,
    /// Adds the size of the whole list as `total`, counted up to 10,000; in JSON only.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}

/// The registrations for an event, as an export asks for them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationFilter {
    pub event_id: Id,
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

impl RegistrationFilter {
    /// Returns the event, and the page of its registrations.
    pub fn paging(self) -> (Id, Paging) {
        let paging = Paging {
            limit: self.limit,
            cursor: self.cursor,
            ..Paging::default()
        };
        (self.event_id, paging)
    }
}
