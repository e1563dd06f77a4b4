//! The parameters of lists.

use super::posts::PostKind;
use super::publications::PublicationKind;
use super::{PageKind, PressStatus};
use crate::catalogue::{Catalogue, Filters};
use crate::db::Id;
use crate::error::Result;
use crate::http::query::Several;
use crate::values::{AreaCode, Code};
use serde::Deserialize;
use utoipa::IntoParams;

/// Defines the parameters of a list: `kind` or others of its kind, and those that all lists have.
macro_rules! filter {
    ($name:ident { $($(#[$about:meta])* $own:ident: $type:ty,)* }, $(#[$year:meta])* fiscal_year, $(#[$words:meta])* q, $kinds:expr) => {
        #[derive(Debug, Clone, Default, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$about])* pub $own: $type,)*
            /// The area that it is about.
            #[param(example = "131041")]
            pub area: Option<AreaCode>,
            $(#[$year])*
            #[param(minimum = 1900, maximum = 2200, example = 2026)]
            pub fiscal_year: Option<i32>,
            $(#[$words])*
            #[param(max_length = 200)]
            pub q: Option<String>,
            /// One status, or several separated by commas. What isn't published is listed only for those who may write it.
            #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PressStatus>>)]
            pub status: Option<Several<PressStatus>>,
            /// Adds the size of the whole list as `total`, counted up to 10,000.
            #[serde(default)]
            pub count: bool,
            /// Items per page.
            #[param(minimum = 1, maximum = 200, default = 50)]
            pub limit: Option<u32>,
            /// The cursor in `next` of the previous page.
            pub cursor: Option<String>,
        }

        impl From<$name> for ItemFilter {
            fn from(filter: $name) -> ItemFilter {
                let common = ItemFilter {
                    area: filter.area.clone(),
                    fiscal_year: filter.fiscal_year,
                    q: filter.q.clone(),
                    status: filter.status.clone(),
                    count: filter.count,
                    limit: filter.limit,
                    cursor: filter.cursor.clone(),
                    ..ItemFilter::default()
                };
                ($kinds)(filter, common)
            }
        }
    };
}

filter!(
    CardFilter {
        /// The deliverable type.
        #[serde(rename = "type")]
        #[param(example = "flyer")]
        type_: Option<Code>,
        /// The project.
        #[param(example = "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b")]
        project_id: Option<Id>,
    },
    /// The project's fiscal year: April to March, named by the year in which it begins.
    fiscal_year,
    /// Words in the title, the story or the name of the organization.
    q,
    |filter: CardFilter, common| ItemFilter {
        kinds: PageKind::Card.kinds().to_vec(),
        type_: filter.type_,
        project_id: filter.project_id,
        ..common
    }
);

filter!(
    PostFilter {
        /// One kind, or several separated by commas.
        #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PostKind>>)]
        kind: Option<Several<PostKind>>,
    },
    /// The fiscal year in which it was published: April to March, named by the year in which it begins.
    fiscal_year,
    /// Words in the title or the text.
    q,
    |filter: PostFilter, common| ItemFilter {
        kinds: kinds(&filter.kind, PageKind::Post),
        ..common
    }
);

filter!(
    PublicationFilter {
        /// One kind, or several separated by commas.
        #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<PublicationKind>>)]
        kind: Option<Several<PublicationKind>>,
    },
    /// The fiscal year in which it was published: April to March, named by the year in which it begins.
    fiscal_year,
    /// Words in the title, the site, the points or the texts.
    q,
    |filter: PublicationFilter, common| ItemFilter {
        kinds: kinds(&filter.kind, PageKind::Publication),
        ..common
    }
);

/// Returns the kinds that are asked for, or all of a page's.
fn kinds<K: Copy + Into<&'static str>>(asked: &Option<Several<K>>, page: PageKind) -> Vec<&'static str> {
    match asked {
        Some(asked) => asked.codes(),
        None => page.kinds().to_vec(),
    }
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
    pub project_id: Option<Id>,
    pub fiscal_year: Option<i32>,
    pub q: Option<String>,
    pub status: Option<Several<PressStatus>>,
    pub count: bool,
    pub limit: Option<u32>,
    pub cursor: Option<String>,
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
