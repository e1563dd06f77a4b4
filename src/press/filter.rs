//! The parameters of lists.

use super::posts::PostKind;
use super::publications::PublicationKind;
use super::{PageKind, PressStatus};
use crate::catalogue::{Catalogue, Filters};
use crate::error::Result;
use crate::http::query::Several;
use crate::values::{AreaCode, Code};
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CardFilter {
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// The deliverable type.
    #[serde(rename = "type")]
    #[param(example = "flyer")]
    pub type_: Option<Code>,
    /// The project's fiscal year: April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// Words in the title, the story or the name of the organization.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Drafts and submitted cards are listed only for those who may write them.
    #[param(inline)]
    pub status: Option<PressStatus>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostFilter {
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PostKind>>)]
    pub kind: Option<Several<PostKind>>,
    /// The area that it is about.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// The fiscal year in which it was published: April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// Words in the title or the text.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Drafts are listed only for those who may write them.
    #[param(inline)]
    pub status: Option<PressStatus>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PublicationFilter {
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PublicationKind>>)]
    pub kind: Option<Several<PublicationKind>>,
    /// The area that it is about.
    #[param(example = "132012")]
    pub area: Option<AreaCode>,
    /// The fiscal year in which it was published: April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// Words in the title, the site, the points or the texts.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Drafts are listed only for those who may write them.
    #[param(inline)]
    pub status: Option<PressStatus>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedFilter {
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PostKind>>)]
    pub kind: Option<Several<PostKind>>,
    /// The area that the posts are about.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
}

impl From<FeedFilter> for ItemFilter {
    fn from(filter: FeedFilter) -> ItemFilter {
        PostFilter {
            kind: filter.kind,
            area: filter.area,
            ..PostFilter::default()
        }
        .into()
    }
}

/// The parameters of any of these lists.
#[derive(Debug, Clone, Default)]
pub struct ItemFilter {
    pub kinds: Vec<&'static str>,
    pub area: Option<AreaCode>,
    pub type_: Option<Code>,
    pub fiscal_year: Option<i32>,
    pub q: Option<String>,
    pub status: Option<PressStatus>,
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

impl From<CardFilter> for ItemFilter {
    fn from(filter: CardFilter) -> ItemFilter {
        ItemFilter {
            kinds: PageKind::Card.kinds().to_vec(),
            area: filter.area,
            type_: filter.type_,
            fiscal_year: filter.fiscal_year,
            q: filter.q,
            status: filter.status,
            limit: filter.limit,
            cursor: filter.cursor,
        }
    }
}

impl From<PostFilter> for ItemFilter {
    fn from(filter: PostFilter) -> ItemFilter {
        let kinds = filter.kind.as_ref().map(Several::codes);
        ItemFilter {
            kinds: kinds.unwrap_or_else(|| PageKind::Post.kinds().to_vec()),
            area: filter.area,
            type_: None,
            fiscal_year: filter.fiscal_year,
            q: filter.q,
            status: filter.status,
            limit: filter.limit,
            cursor: filter.cursor,
        }
    }
}

impl From<PublicationFilter> for ItemFilter {
    fn from(filter: PublicationFilter) -> ItemFilter {
        let kinds = filter.kind.as_ref().map(Several::codes);
        ItemFilter {
            kinds: kinds.unwrap_or_else(|| PageKind::Publication.kinds().to_vec()),
            area: filter.area,
            type_: None,
            fiscal_year: filter.fiscal_year,
            q: filter.q,
            status: filter.status,
            limit: filter.limit,
            cursor: filter.cursor,
        }
    }
}

impl ItemFilter {
    /// Checks the codes, and completes the area's.
    pub fn check(&mut self, catalogue: &Catalogue) -> Result<()> {
        Filters::of(catalogue)
            .area(&mut self.area)
            .entry("type", &self.type_, |catalogue| &catalogue.types)
            .fiscal_year(self.fiscal_year)
            .text("q", &self.q)
            .check()
    }
}
