//! The caller, as an extractor that lets nobody through who lacks the operation's scope.

use super::{Claims, Extent, Keys, Principal, Reach, Scope, store};
use crate::db::{Instant, Pool};
use crate::error::{Error, Result, Text};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// Someone whose token is valid and has the scope `S`.
pub struct Caller<S> {
    principal: Principal,
    reach: Reach,
    scope: PhantomData<S>,
}

impl<S: Scope> Caller<S> {
    /// The name in the change log.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }

    /// Whether the caller has another scope too.
    pub fn may<Other: Scope>(&self) -> bool {
        self.principal.extent(Other::NAME).is_some()
    }

    /// Which records the scope is for.
    pub fn reach(&self) -> Reach {
        self.reach.clone()
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl<S: Scope> FromRequest for Caller<S> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Caller<S>>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let principal = authenticate(&request).await?;
            let reach = match principal.extent(S::NAME) {
                None => return Err(Error::Forbidden { scope: S::NAME }),
                Some(Extent::All) => Reach::Everything,
                Some(Extent::Own) => principal.reach.clone(),
            };
            Ok(Caller {
                principal,
                reach,
                scope: PhantomData,
            })
        })
    }
}

async fn authenticate(request: &HttpRequest) -> Result<Principal> {
    let claims = verified(request)?;
    let over = || {
        Error::Unauthenticated(Text::new(
            "セッションは終了しています。ログインし直してください。",
            "The session is over: log in again.",
        ))
    };
    let narrowed = claims.scope;
    let Some(session) = claims.sid else {
        // It stands for itself.
        let reach = claims.role.reach(claims.belonging).ok_or_else(belongs_nowhere)?;
        return Ok(Principal {
            role: claims.role,
            subject: claims.sub,
            session: None,
            narrowed,
            reach,
        });
    };
    let found = pool(request)?.read(move |db| store::user_of_session(db, session, Instant::now()));
    let (user, role, belonging) = found.await?.ok_or_else(over)?;
    Ok(Principal {
        role,
        subject: user.to_string(),
        session: Some(session),
        narrowed,
        reach: role.reach(belonging).ok_or_else(belongs_nowhere)?,
    })
}

fn belongs_nowhere() -> Error {
    Error::Unauthenticated(Text::new(
        "トークンの役割に必要な所属がありません。",
        "The token lacks what its role belongs to.",
    ))
}

fn pool(request: &HttpRequest) -> Result<&Data<Pool>> {
    request
        .app_data::<Data<Pool>>()
        .ok_or_else(|| Error::Internal("no database".into()))
}

fn verified(request: &HttpRequest) -> Result<Claims> {
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
