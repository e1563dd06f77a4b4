//! The HTTP operations of reviews. Use cases are in `actions.rs`, rules in `mod.rs`, SQL in `store.rs`.

use super::{NewReview, Review, ReviewList, actions};
use crate::auth::{ReadReviews, WriteReviews, http::Caller};
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::{Answer, Json, PathId, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(write);
}

/// List the reviews of a project
///
/// A project has the id of its deliverable. You see your side's reviews, and those of the other side when both are in or
/// when the time to write is over, 14 days after the delivery. A member sees those about and by themselves. Coordinators,
/// administrators and auditors see all.
#[utoipa::path(operation_id = "list_reviews", tag = "Projects", security(("bearer" = ["reviews:read"])),
    params(("id" = Id, Path, description = "The project")),
    responses((status = 200, description = "The reviews", body = ReviewList)))]
#[get("/projects/{id}/reviews")]
async fn list(caller: Caller<ReadReviews>, pool: Data<Pool>, id: PathId) -> Result<Json<ReviewList>> {
    let viewer = caller.viewer();
    pool.read(move |db| actions::list(db, &viewer, id.0))
        .await
        .map(Json)
}

/// Write a review
///
/// Once the work is delivered, the organization writes about each member, and each member about the organization, within 14
/// days. Writing again replaces your review (`version` grows) until the other side sees it; from then on you get 409
/// `review_shown`. A worker who isn't in the team gets 403 `not_in_team`.
#[utoipa::path(operation_id = "create_review", tag = "Projects", security(("bearer" = ["reviews:write"])),
    params(("id" = Id, Path, description = "The project")),
    request_body = NewReview,
    responses((status = 201, description = "Written", body = Review),
              (status = 409, description = "The work isn't delivered, the time is over, or both sides see each other's review")))]
#[post("/projects/{id}/reviews")]
async fn write(
    caller: Caller<WriteReviews>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewReview>,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, new: NewReview| {
        let review = actions::write(db, &writer, id.0, new)?;
        let location = format!("/v1/projects/{}/reviews", id.0);
        // The answer is stored as the worker's data: erasing the worker erases the answer.
        let of = review.worker_id.unwrap_or(review.id);
        Answer::created(location, of, review.version, &review)
    };
    new.write(&pool, caller.submitter(), insert).await
}
