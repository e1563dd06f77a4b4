//! The caller, as an extractor that lets nobody through who lacks the operation's scope.

use super::{Claims, Keys, Scope};
use crate::error::{Error, Result, Text};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};
use std::marker::PhantomData;

/// Someone whose token is valid and has the scope `S`.
pub struct Caller<S> {
    claims: Claims,
    scope: PhantomData<S>,
}

impl<S: Scope> Caller<S> {
    /// The name in the change log.
    pub fn actor(&self) -> String {
        self.claims.actor()
    }

    /// Whether the caller has another scope too.
    pub fn may<Other: Scope>(&self) -> bool {
        self.claims.may(Other::NAME)
    }
}

impl<S: Scope> FromRequest for Caller<S> {
    type Error = Error;
    type Future = Ready<Result<Caller<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request).and_then(|claims| {
            if claims.may(S::NAME) {
                Ok(Caller {
                    claims,
                    scope: PhantomData,
                })
            } else {
                Err(Error::Forbidden { scope: S::NAME })
            }
        }))
    }
}

fn authenticate(request: &HttpRequest) -> Result<Claims> {
    let missing = || {
        Text::new(
            "Authorization: Bearer のトークンが必要です。",
            "A bearer token is needed.",
        )
    };
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, token) = header
        .and_then(|h| h.split_once(' '))
        .ok_or_else(|| Error::Unauthenticated(missing()))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Unauthenticated(missing()));
    }
    let keys = request
        .app_data::<Data<Keys>>()
        .ok_or_else(|| Error::Internal("no token keys".into()))?;
    keys.verify(token.trim())
}
