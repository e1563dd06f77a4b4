//! The HTTP operations of following, and the position that answers to readers have.

use super::followers::{Followers, Place, too_many};
use super::{ChangeAction, Feed, Position, Seen, SeenChange, Sight, actions, position};
use crate::auth::{self, Principal, ReadChanges, http::Caller};
use crate::changes::{self, Subject};
use crate::db::{Instant, Pool};
use crate::error::{Error, Fault, Result, Text};
use crate::http::disclosure::impersonal;
use crate::http::query::Several;
use crate::http::stream::event_stream;
use crate::http::{Json, Query, page, trace};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::FutureExt;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::time::Duration;
use tokio::time::{Instant as Moment, sleep, timeout_at};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(ChangePage);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(follow);
}

/// The longest wait for a change, in seconds.
const LONGEST_WAIT_S: u32 = 30;
/// After this time without an event, a stream sends a sign of life.
const SILENCE: Duration = Duration::from_secs(15);
/// When a client comes back whose stream had to end for another one of theirs.
const RETRY_MS: u32 = 10_000;

/// Something that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"position": "1284-9f3a2c51", "type": "deliverable",
    "id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "version": 4, "action": "updated", "at": "2026-11-10T02:00:00Z",
    "href": "/v1/deliverables/0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d"}))]
pub struct ChangeEvent {
    /// The position after this change.
    #[schema(value_type = String, pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    position: Position,
    #[serde(rename = "type")]
    subject: Subject,
    /// The id of the record; entries of the catalogue have kind and code: `skill/writing`.
    id: String,
    /// The version of the record after the change. Null if only who sees it has changed.
    #[schema(minimum = 1)]
    version: Option<i64>,
    action: ChangeAction,
    at: Instant,
    /// Where to read the record. Null if it is no longer there for you, and for records that are only in lists.
    href: Option<String>,
}

/// Changes in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangePage {
    items: Vec<ChangeEvent>,
    /// Where to go on: the next `after`.
    #[schema(value_type = String, example = "1297-9f3a2c51", pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    position: Position,
    /// Whether there is more to read at once.
    more: bool,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeFilter {
    /// The position after which to begin: `position` of the previous answer, or the header `Musubi-Position` of a list that
    /// you have read. Without it you get no changes, only the current position, at once.
    #[param(example = "1284-9f3a2c51", pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    pub after: Option<String>,
    /// Only these kinds of records, separated by commas. All that you may read, by default.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Subject>>)]
    pub types: Option<Several<Subject>>,
    /// The most changes of an answer.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// How many seconds to wait for a change if there is none.
    #[param(minimum = 0, maximum = 30, default = 0)]
    pub wait: Option<u32>,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamFilter {
    /// The position after which to begin, unless there is a `Last-Event-ID`: `position` of an answer, or the header
    /// `Musubi-Position`. Without both you get the changes from now on.
    #[param(example = "1284-9f3a2c51", pattern = "^(0|[1-9][0-9]{0,17})-[0-9a-f]{8}$")]
    pub after: Option<String>,
    /// Only these kinds of records, separated by commas. All that you may read, by default.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Subject>>)]
    pub types: Option<Several<Subject>>,
}

/// One follower.
struct Follower {
    principal: Principal,
    /// Everything that the follower sees: positions are of this.
    whole: Sight,
    /// What they want to know of it.
    sight: Sight,
    after: i64,
    pool: Data<Pool>,
    feed: Data<Feed>,
}

impl Follower {
    async fn new(
        caller: &Caller<ReadChanges>,
        types: Option<Several<Subject>>,
        after: Option<Result<Position>>,
        pool: Data<Pool>,
        feed: Data<Feed>,
    ) -> Result<Follower> {
        let whole = Sight::of(caller.principal());
        let sight = whole
            .clone()
            .limited(types.as_ref().map(|types| types.0.as_slice()))?;
        let after = match after {
            Some(given) => actions::check(&pool, &feed, &whole, given?).await?,
            None => feed.head(),
        };
        Ok(Follower {
            principal: caller.principal().clone(),
            whole,
            sight,
            after,
            pool,
            feed,
        })
    }

    async fn next(&mut self, limit: usize) -> Result<Seen> {
        let seen = actions::next(&self.pool, &self.feed, &self.sight, self.after, limit).await?;
        self.after = seen.position;
        Ok(seen)
    }

    /// Returns whether the follower could make the request again.
    async fn is_active(&self) -> Result<bool> {
        let principal = self.principal.clone();
        let look = move |db: &mut _| auth::store::is_active(db, &principal, Instant::now());
        self.pool.lookup(look).await
    }

    fn position(&self) -> Position {
        self.feed.position(&self.whole, self.after)
    }

    fn event(&self, change: SeenChange) -> ChangeEvent {
        ChangeEvent {
            position: self.feed.position(&self.whole, change.seq),
            subject: change.subject,
            id: change.id,
            version: change.version,
            action: change.action,
            at: change.at,
            href: change.href,
        }
    }
}

fn stopping() -> Error {
    Error::Unavailable(Text::new("サーバーを停止しています。", "The server is stopping."))
}

/// List changes
///
/// What changed after a position, in order, without gaps: every record that became visible to you, has another version,
/// or that you no longer see (`removed`). A change says which record it is about, not what it holds: read the record.
///
/// To have a copy of everything that you may read, list it, and go on from the `Musubi-Position` of the first page that you
/// read. With `wait` the answer comes with the next change, or without any after so many seconds. You may get a change
/// twice, never too late. Positions are good for 30 days; then, and when your permissions have changed, you get 410: list
/// everything again. If you wait in too many requests at once, the oldest of them gets 429 `too_many_streams`.
#[utoipa::path(operation_id = "list_changes", tag = "Changes", security(("bearer" = ["changes:read"])),
    params(ChangeFilter), responses((status = 200, description = "The changes", body = ChangePage),
        (status = 410, description = "`expired_position`: the changes after it are no longer kept; `foreign_position`: it is \
            from before your permissions changed, or before the database was restored. List everything again")))]
#[get("/changes")]
async fn list(
    request: HttpRequest,
    caller: Caller<ReadChanges>,
    pool: Data<Pool>,
    feed: Data<Feed>,
    followers: Data<Followers>,
    filter: Query<ChangeFilter>,
) -> Result<Json<ChangePage>> {
    let ChangeFilter {
        after,
        types,
        limit,
        wait,
    } = filter.0;
    let limit = page::limit(limit)? as usize;
    let wait = wait.unwrap_or_default();
    let has_position = after.is_some();
    if wait > LONGEST_WAIT_S {
        let rule = Text::new(
            format!("0〜{LONGEST_WAIT_S}の値を指定してください。"),
            format!("The value must be 0 to {LONGEST_WAIT_S}."),
        );
        return Err(Error::parameter("wait", "out_of_range", rule));
    }
    let after = after.map(|after| Position::parse("after", &after));
    let mut follower = Follower::new(&caller, types, after, pool, feed).await?;
    let mut head = follower.feed.watch();
    head.mark_unchanged();
    let mut seen = follower.next(limit).await?;
    if has_position && wait > 0 && seen.items.is_empty() && seen.is_last {
        if head.borrow().is_stopping {
            return Err(stopping());
        }
        let place = followers.begin(caller.actor())?;
        let begun = Moment::now();
        let end = begun + Duration::from_secs(wait.into());
        let waited = loop {
            let is_over = tokio::select! {
                changed = timeout_at(end, head.changed()) => !matches!(changed, Ok(Ok(()))),
                () = place.lost() => break Err(too_many()),
            };
            if is_over || head.borrow_and_update().is_stopping {
                break Ok(());
            }
            seen = match follower.next(limit).await {
                Ok(seen) => seen,
                Err(error) => break Err(error),
            };
            if !seen.items.is_empty() || !seen.is_last {
                break Ok(());
            }
        };
        trace::waited(&request, begun.elapsed());
        waited?;
        // The position is of permissions that changed meanwhile. If the token has ended, too, the next request says so.
        if !seen.items.is_empty() && !follower.is_active().await? {
            return Err(position::foreign());
        }
    }
    let items = seen
        .items
        .into_iter()
        .map(|change| follower.event(change))
        .collect();
    Ok(Json(ChangePage {
        items,
        position: follower.position(),
        more: !seen.is_last,
    }))
}

/// One server-sent event.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"event": "change", "id": "1284-9f3a2c51", "data": "{\"type\": \"deliverable\"}"}))]
#[allow(dead_code)]
pub struct ChangeStreamEvent {
    event: String,
    /// The position after the change.
    id: String,
    /// The change, as JSON.
    data: String,
}

/// Follow changes
///
/// Streams server-sent events: one `change` for each change that `GET /v1/changes` lists, with its position as `id`. A
/// browser's `EventSource` goes on after the last one by itself (`Last-Event-ID`); so does every client that sends the last
/// `id`. Signs of life come every 15 seconds. The stream ends when your token expires or is revoked, when your permissions
/// change, when the server stops, and when you open too many others. Returns 410 and 429 as `GET /v1/changes` does.
#[utoipa::path(operation_id = "follow_changes", tag = "Changes", security(("bearer" = ["changes:read"])),
    params(StreamFilter, ("Last-Event-ID" = Option<String>, Header, pattern = "^((0|[1-9][0-9]{0,17})-[0-9a-f]{8})?$", description = "The `id` of the last event that you got; empty if you got none")),
    responses((status = 200, description = "The events", body = ChangeStreamEvent, content_type = "text/event-stream"),
        (status = 410, description = "`expired_position`, `foreign_position`: list everything again")))]
#[get("/changes/events")]
async fn follow(
    request: HttpRequest,
    caller: Caller<ReadChanges>,
    pool: Data<Pool>,
    feed: Data<Feed>,
    followers: Data<Followers>,
    filter: Query<StreamFilter>,
) -> Result<HttpResponse> {
    let StreamFilter { after, types } = filter.0;
    // Without an id yet, a client has nothing to go on from.
    let last = request
        .headers()
        .get("last-event-id")
        .filter(|last| !last.is_empty());
    let last = last.map(|last| Position::parse("last-event-id", last.to_str().unwrap_or_default()));
    let given = || after.map(|after| Position::parse("after", &after));
    let follower = Follower::new(&caller, types, last.or_else(given), pool, feed).await?;
    // What has expired is refused before the stream begins.
    if follower.feed.look(&follower.sight, follower.after, 0).is_none() {
        let after = follower.after;
        let sight = follower.sight.clone();
        follower
            .pool
            .read(move |db| actions::page(db, &sight, after, 1))
            .await?;
    }
    if follower.feed.watch().borrow().is_stopping {
        return Err(stopping());
    }
    let place = followers.begin(caller.actor())?;
    Ok(event_stream(events(follower, place)))
}

/// The last words to a client whose place another one of theirs has taken.
fn lost() -> String {
    format!(": you opened too many streams\nretry: {RETRY_MS}\n\n")
}

/// Streams what a follower sees, as long as they may.
fn events(follower: Follower, place: Place) -> impl Stream<Item = Result<Bytes>> {
    let mut head = follower.feed.watch();
    head.mark_unchanged();
    stream::unfold(
        (follower, head, place, false),
        |(mut follower, mut head, place, ended)| async move {
            const MOST: usize = 200;
            if ended {
                return None;
            }
            let mut text = String::new();
            let mut ended = false;
            while text.is_empty() && !ended {
                let seen = follower.next(MOST).await.ok()?;
                if (seen.is_about_follower || !seen.items.is_empty()) && !follower.is_active().await.ok()? {
                    return None;
                }
                for change in seen.items {
                    let event = follower.event(change);
                    let data = serde_json::to_string(&event).ok()?;
                    let _ = write!(text, "event: change\nid: {}\ndata: {data}\n\n", event.position);
                }
                if !text.is_empty() || !seen.is_last {
                    // Who is far behind may have much to read, and to look through, before they wait.
                    let is_lost = place.lost().now_or_never().is_some();
                    if is_lost {
                        text.push_str(&lost());
                    }
                    let is_expired = follower.principal.expires_at <= chrono::Utc::now().timestamp();
                    ended = is_lost || is_expired || head.borrow().is_stopping;
                    continue;
                }
                let left = follower.principal.expires_at - chrono::Utc::now().timestamp();
                let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
                tokio::select! {
                    changed = head.changed() => ended = changed.is_err() || head.borrow_and_update().is_stopping,
                    () = place.lost() => {
                        ended = true;
                        text.push_str(&lost());
                    }
                    () = sleep(left.min(SILENCE)) => {
                        ended = left <= SILENCE;
                        // An event without data only moves the last id.
                        let _ = write!(text, ": unchanged\nid: {}\n\n", follower.position());
                    }
                }
            }
            Some((Ok(Bytes::from(text)), (follower, head, place, ended)))
        },
    )
}

/// Adds the position from which a reader can follow to each answer that changes nothing, and decides where it reads. The position is
/// taken before anything is read: who goes on from it misses nothing that isn't in the answer.
///
/// If there is a standby, answers to writes have a position, too: with it, a reader sees that write on every server.
pub async fn mark(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, actix_web::Error> {
    let is_ours = request.path().starts_with("/v1/");
    let parts = request
        .app_data::<Data<Feed>>()
        .zip(request.app_data::<Data<Pool>>());
    let Some((feed, pool)) = parts
        .filter(|_| is_ours)
        .map(|(feed, pool)| (feed.clone(), pool.clone()))
    else {
        return next.call(request).await;
    };
    let sender = auth::http::sender(request.request());
    let reader = sender.clone();
    let (answer, seq) = if [Method::GET, Method::HEAD].contains(request.method()) || only_asks(&request) {
        let head = feed.head();
        let writer = sender.filter(|_| pool.has_standby());
        let written = writer.map_or(0, |sender| feed.written(&sender.subject));
        let asked = match asked_position(&request) {
            Ok(asked) => asked,
            Err(error) => return Ok(request.error_response(error)),
        };
        let needed = head.max(written).max(asked);
        (pool.reading(needed, next.call(request)).await?, head)
    } else {
        let answer = next.call(request).await?;
        let may_have_written = answer.status().is_success() || is_outcome_unknown(&answer);
        let Some(sender) = sender.filter(|_| pool.has_standby() && may_have_written) else {
            return Ok(answer);
        };
        let latest = pool.lookup(changes::store::latest).await;
        // If that fails, the write is at least newer than what is known.
        let seq = latest.unwrap_or_else(|_| feed.head() + 1);
        feed.note_write(sender.subject.clone(), seq);
        (answer, seq)
    };
    Ok(with_position(
        answer,
        reader.and_then(|reader| feed.position_of(&reader, seq)),
    ))
}

/// Returns whether the sender has to look what became of a write: they have to see it if it is there.
fn is_outcome_unknown(answer: &ServiceResponse) -> bool {
    let error = answer.response().error();
    let error = error.and_then(|error| error.as_error::<Error>());
    matches!(
        error,
        Some(Error::Fault {
            fault: Fault::OutcomeUnknown,
            ..
        })
    )
}

/// Returns whether a request changes nothing, though its question is too long for a URL: exports and rankings on trial.
fn only_asks(request: &ServiceRequest) -> bool {
    let path = request.path();
    request.method() == Method::POST && (path == "/v1/exports" || path.starts_with("/v1/matches/preview"))
}

fn with_position(mut answer: ServiceResponse, position: Option<Position>) -> ServiceResponse {
    if let Some(position) = position.filter(|_| answer.status().is_success())
        && let Ok(value) = HeaderValue::from_str(&position.to_string())
    {
        answer
            .headers_mut()
            .insert(HeaderName::from_static("musubi-position"), value);
    }
    answer
}

/// Returns the change that the reader wants to see, which the header `Musubi-Position` of a request names.
fn asked_position(request: &ServiceRequest) -> Result<i64> {
    const NAME: &str = "musubi-position";
    let Some(value) = request.headers().get(NAME) else {
        return Ok(0);
    };
    let text = value.to_str().unwrap_or_default();
    Ok(Position::parse(NAME, text)?.seq)
}
