//! Whose personal data an answer shows.
//!
//! Every answer says it, so that no handler can forget the audit: a page, a single resource, the answer to a POST and
//! any other JSON need [`Discloses`], a file needs a [`Disclosure`]. The middleware `audit::http::disclose` enters what
//! the answer says, and lets no answer out that says nothing.

use crate::db::Id;
use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;

/// A body that says whose personal data it shows.
pub trait Discloses {
    /// Returns the people in it by their ids: workers and users; organizations for their contacts; imports for the rows
    /// of their files.
    fn people(&self) -> Vec<Id>;
}

/// Declares types that never show personal data.
macro_rules! impersonal {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::http::Discloses for $type {
            fn people(&self) -> Vec<$crate::db::Id> {
                Vec::new()
            }
        }
    )*};
}
pub(crate) use impersonal;

/// The people whose personal data an answer shows.
#[derive(Debug, Clone, Default)]
pub struct Disclosure(pub Vec<Id>);

impl Disclosure {
    pub fn nobody() -> Disclosure {
        Disclosure::default()
    }

    /// Attaches this to an answer that isn't JSON.
    pub fn attach(self, mut response: HttpResponse) -> HttpResponse {
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers with a JSON body.
#[allow(clippy::disallowed_methods)]
pub fn json<T: Serialize + Discloses>(response: &mut HttpResponseBuilder, body: &T) -> HttpResponse {
    Disclosure(body.people()).attach(response.json(body))
}

/// A JSON body that is neither a page nor a single resource with a version.
pub struct Json<T>(pub T);

impl<T: Serialize + Discloses> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        json(&mut HttpResponse::Ok(), &self.0)
    }
}
