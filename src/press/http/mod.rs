//! The HTTP face of what is shown to everybody. `cards`, `posts`, `publications`: the operations of each kind of record;
//! `records`: what these do. `pages`: the pages. `views`: how often pages are read. `visits`: how a visitor is answered.

mod cards;
pub mod pages;
mod posts;
mod publications;
mod records;
mod views;
mod visits;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(cards::routes)
        .configure(posts::routes)
        .configure(publications::routes)
        .configure(views::routes);
}
