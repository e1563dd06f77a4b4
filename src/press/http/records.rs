//! Reading and writing a record of any kind. The handlers of each kind call these.

use super::visits::{Visit, reader};
use crate::auth::http::Caller;
use crate::auth::{Reach, Scope};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::{Answer, Entity, IfMatch, Language, Patch, Submission};
use crate::press::actions::{self, Kept, Shown};
use crate::press::filter::ItemFilter;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use serde::de::DeserializeOwned;
use validator::Validate;

/// What handlers need besides what was asked.
pub type Stores = (Data<Pool>, Data<Catalogues>);

/// Lists records. `own`: those that the visitor may change.
pub async fn list<P: Kept>(
    visit: Visit,
    own: Option<Reach>,
    (pool, catalogues): Stores,
    filter: impl Into<ItemFilter>,
) -> Result<HttpResponse>
where
    P::View: Send + 'static,
{
    let (reader, filter) = (visit.reader(own), filter.into());
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list::<P>(db, &reader, &catalogue, filter)
    });
    Ok(visit.answer(page.await?))
}

/// Shows a record, and counts the view of its page.
pub async fn show<P: Kept>(visit: Visit, own: Option<Reach>, pool: Data<Pool>, id: Id) -> Result<HttpResponse>
where
    P::View: Send + 'static,
{
    let reader = visit.reader(own);
    let shown = pool.read(move |db| actions::show::<P>(db, &reader, id)).await?;
    Ok(visit.show((P::PAGE, id), shown.version(), shown))
}

/// Adds a record, whose address begins with `path`.
pub async fn create<S: Scope, P: Kept + DeserializeOwned + Validate + Send + 'static>(
    caller: Caller<S>,
    (pool, catalogues): Stores,
    path: &'static str,
    language: Language,
    new: Submission<P>,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, plan: P| {
        let catalogue = catalogues.current(db)?;
        let made = actions::create(db, &writer, &catalogue, plan, language, Instant::now())?;
        Answer::created(format!("{path}/{}", made.id()), made.id(), made.version(), &made)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Changes a record.
pub async fn update<S: Scope, P>(
    caller: Caller<S>,
    (pool, catalogues): Stores,
    language: Language,
    (id, if_match): (Id, IfMatch),
    patch: Patch<P>,
) -> Result<Entity<P::View>>
where
    P: Kept + Serialize + DeserializeOwned + Validate + Send + 'static,
    P::View: Send + 'static,
{
    let writer = caller.writer();
    let reader = reader(Some(caller.reach()), language);
    let updated = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        let change = |before: &P| patch.apply(before);
        actions::update(db, &writer, &catalogue, (id, &if_match), Instant::now(), change)?;
        actions::show::<P>(db, &reader, id)
    });
    let shown = updated.await?;
    Ok(Entity::composed(shown.version(), shown))
}
