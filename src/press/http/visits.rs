//! Those who read, with a token or without one: what they see, how they are answered and when it counts as a page view.

use crate::auth::http::Visitor;
use crate::auth::{Reach, Scope};
use crate::db::{Id, Instant};
use crate::error::Error;
use crate::http::conditional::make_public;
use crate::http::{Discloses, Entity, Language, edge};
use crate::press::PageKind;
use crate::press::actions::Reader;
use crate::press::counter::ViewCounter;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use std::future::{Ready, ready};
use std::time::Duration;

/// How long caches keep what everybody reads.
pub const MAX_AGE: Duration = Duration::from_secs(60);

/// The request of somebody who reads.
pub struct Visit {
    visitor: Visitor,
    language: Language,
    request: HttpRequest,
}

impl FromRequest for Visit {
    type Error = Error;
    type Future = Ready<Result<Visit, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        ready(visitor.map(|visitor| Visit {
            visitor,
            language: Language::of(request),
            request: request.clone(),
        }))
    }
}

impl Visit {
    /// Returns which records the visitor may use a scope for. None: none.
    pub fn reach<S: Scope>(&self) -> Option<Reach> {
        self.visitor.reach::<S>()
    }

    /// Returns who reads, with the records that they may change.
    pub fn reader(&self, own: Option<Reach>) -> Reader {
        reader(own, self.language)
    }

    /// Answers. What is shown without a token may be kept by every cache.
    pub fn answer<T: Responder>(&self, body: T) -> HttpResponse
    where
        T::Body: actix_web::body::MessageBody + 'static,
    {
        let mut answer = body.respond_to(&self.request).map_into_boxed_body();
        if !self.visitor.has_token() {
            make_public(&mut answer, MAX_AGE);
            let varies = HeaderValue::from_static("Authorization, Accept-Language");
            answer.headers_mut().append(header::VARY, varies);
        }
        answer
    }

    /// Answers with a page, which was read if nobody sent a token.
    pub fn show<T: Serialize + Discloses>(
        &self,
        page: (PageKind, Id),
        version: i64,
        body: T,
    ) -> HttpResponse {
        let views = self.request.app_data::<Data<ViewCounter>>();
        if let Some(views) = views.filter(|_| !self.visitor.has_token() && edge::is_read(&self.request)) {
            views.count(page.0, page.1);
        }
        self.answer(Entity::composed(version, body))
    }
}

pub fn reader(own: Option<Reach>, language: Language) -> Reader {
    Reader {
        own,
        language,
        now: Instant::now(),
    }
}
