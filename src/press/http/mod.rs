//! The HTTP face of what is shown to everybody. `cards`, `posts`, `publications`: reading and writing them.
//! `views`: how often they are read. `visits`: how
//! a visitor is answered.

mod cards;
mod posts;
mod publications;
mod views;
mod visits;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(cards::routes)
        .configure(posts::routes)
        .configure(publications::routes)
        .configure(views::routes);
}
