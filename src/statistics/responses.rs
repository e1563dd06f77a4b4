//! How fast organizations and coordinators answer applications, as lists.

use crate::applications::responses::{ResponseTally, Responses};
use crate::applications::store::responses::AreaResponses;
use crate::auth::UserRole;
use crate::db::Id;
use crate::organizations::{OrganizationFilter, OrganizationSort};
use crate::users::NewUser;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How fast applications for what an organization requests are answered, by itself or by a coordinator.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationResponses {
    pub organization_id: Id,
    #[schema(example = "戸山ふれあいの会")]
    pub name: String,
    pub responses: Responses,
}

/// How fast a coordinator answers applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoordinatorResponses {
    pub user_id: Id,
    #[schema(example = "鈴木 一郎")]
    pub name: String,
    /// How many applications the coordinator answered in the last 365 days.
    #[schema(minimum = 0, example = 14)]
    pub answered: u32,
    /// The median of the days until these answers. Null below 3 of them.
    #[schema(minimum = 0, example = 2)]
    pub median_days: Option<u32>,
    /// Of the applications in the coordinator's areas, those that the organizations left to the coordinators.
    pub areas: Responses,
}

impl CoordinatorResponses {
    pub fn new(user_id: Id, details: NewUser, of_areas: &[AreaResponses]) -> CoordinatorResponses {
        let actor = |role: UserRole| format!("{}:", role.code());
        let own = format!("{}{user_id}", actor(UserRole::Coordinator));
        let by_organization = actor(UserRole::Organization);
        let (mut answers, mut areas) = (ResponseTally::default(), ResponseTally::default());
        for one in of_areas {
            let by = one.answered_by.as_deref().unwrap_or_default();
            if by == own {
                answers.add(one.days, one.count);
            }
            if details.areas.contains(&one.area) && !by.starts_with(&by_organization) {
                areas.add(one.days, one.count);
            }
        }
        let answers = answers.responses();
        CoordinatorResponses {
            user_id,
            name: details.name,
            answered: answers.answered,
            median_days: answers.median_days,
            areas: areas.responses(),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResponseFilter {
    /// 全国地方公共団体コード, six or five digits.
    #[param(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}

impl From<ResponseFilter> for OrganizationFilter {
    fn from(filter: ResponseFilter) -> OrganizationFilter {
        OrganizationFilter {
            area: filter.area,
            sort: OrganizationSort::Name,
            count: filter.count,
            limit: filter.limit,
            cursor: filter.cursor,
            ..OrganizationFilter::default()
        }
    }
}
