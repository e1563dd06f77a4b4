//! The URL table. The app and the OpenAPI document are built from it together.

use super::health;
use crate::{
    applications, audit, auth, catalogue, deliverables, delivery, duplicates, erasure, events, exports,
    exposures, feeds, follow_ups, following, imports, indicators, intake, listings, login, matches,
    open_data, organizations, partners, press, programmes, projects, reports, reviews, rounds, sessions,
    statistics, triage, users, vocabulary, webhooks, weights, workers, worklist,
};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Every operation that the OpenAPI document describes.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(health::routes)
        .configure(auth::http::routes)
        .service(scope("/v1").configure(slices));
}

fn slices(cfg: &mut ServiceConfig) {
    cfg.configure(catalogue::http::routes)
        .configure(vocabulary::http::routes)
        .configure(organizations::http::routes)
        .configure(deliverables::http::routes)
        .configure(workers::http::routes)
        .configure(erasure::http::routes)
        .configure(applications::http::routes)
        .configure(intake::http::routes)
        .configure(projects::http::routes)
        .configure(delivery::http::routes)
        .configure(programmes::http::routes)
        .configure(events::http::routes)
        .configure(press::http::routes)
        .configure(reviews::http::routes)
        .configure(follow_ups::http::routes)
        .configure(worklist::http::routes)
        .configure(feeds::http::routes)
        .configure(following::http::routes)
        .configure(webhooks::http::routes)
        .configure(matches::http::routes)
        .configure(rounds::http::routes)
        .configure(weights::http::routes)
        .configure(exposures::http::routes)
        .configure(statistics::http::routes)
        .configure(indicators::http::routes)
        .configure(reports::http::routes)
        .configure(triage::http::routes)
        .configure(login::http::routes)
        .configure(sessions::http::routes)
        .configure(users::http::routes)
        .configure(partners::http::routes)
        .configure(audit::http::routes)
        .configure(duplicates::http::routes)
        .configure(exports::http::routes)
        .configure(open_data::http::routes)
        .configure(listings::http::routes)
        .configure(imports::http::routes);
}
