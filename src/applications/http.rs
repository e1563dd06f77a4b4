//! The HTTP operations for applications, and those that list or change deliverables with their applications. Use cases are
//! in `actions.rs`, rules in `rules.rs` and `status.rs`, SQL in `store.rs`.

use super::actions::RankingGates;
use super::filter::CountFilter;
use super::{
    Application, ApplicationCount, ApplicationDirection, ApplicationFilter, ApplicationListItem,
    ListedDeliverable, NewApplication, Outcome, actions, leaving, listing, requests, similar, store,
};
use crate::auth::{
    DecideApplications, DecideDeliverables, Reach, ReadApplications, ReadDeliverables, ReadPersonalData,
    SubmitApplications, WriteApplications, WriteDeliverables, http::Caller,
};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::actions::Editor;
use crate::deliverables::rules::check_declined;
use crate::deliverables::{ArchiveReason, Deliverable, DeliverableFilter, DeliverableStatus, NewDeliverable};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Answer, Entity, IfMatch, Language, Page, Patch, PathId, Query, Submission};
use crate::values::Lifecycle;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(ApplicationCount, ListedDeliverable);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(count)
        .service(list_deliverables)
        .service(create)
        .service(show)
        .service(update)
        .service(update_deliverable)
        .service(archive_deliverable);
}

/// List applications
///
/// Filters are combined with AND. `message` and `note` are null unless you have the scope
/// `personal_data:read`.
#[utoipa::path(operation_id = "list_applications", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(ApplicationFilter), responses((status = 200, description = "One page", body = Page<ApplicationListItem>)))]
#[get("/applications")]
async fn list(
    caller: Caller<ReadApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ApplicationFilter>,
    language: Language,
) -> Result<Page<ApplicationListItem>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0, language)
    });
    page.await
}

/// Count applications
///
/// Counts the applications that you can read, by status and by days since their last move: 0 to 2, 3 to 6, 7 to 13, and
/// longer. Each status is counted up to 10,000.
#[utoipa::path(operation_id = "count_applications_by_status", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(CountFilter), responses((status = 200, description = "The counts", body = Page<ApplicationCount>)))]
#[get("/application-counts")]
async fn count(
    caller: Caller<ReadApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<CountFilter>,
) -> Result<Page<ApplicationCount>> {
    let viewer = caller.viewer();
    let counts = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::counts(db, &viewer, &catalogue, &filter.0.into())
    });
    counts.await
}

/// List deliverables
///
/// Filters are combined with AND. Each has the name of its lead organization, its places, and how many applications it has.
#[utoipa::path(operation_id = "list_deliverables", tag = "Deliverables", security(("bearer" = ["deliverables:read"])),
    params(DeliverableFilter), responses((status = 200, description = "One page", body = Page<ListedDeliverable>)))]
#[get("/deliverables")]
async fn list_deliverables(
    caller: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<DeliverableFilter>,
    language: Language,
) -> Result<Page<ListedDeliverable>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::deliverables(db, &viewer, &catalogue, filter.0, language)
    });
    page.await
}

/// Apply for a deliverable, or invite a worker
///
/// Apply for one role of the team: for yourself if you are a worker, or for a worker whose record you manage.
/// A partner app must send an `Idempotency-Key`. When all places of the role are held, or when as many applications wait as
/// the deliverable's `applications_per_place` allows, the application is `waitlisted`, and moves up in order.
///
/// With the direction `invitation`, an organization or a coordinator asks a worker whom rankings show, also from beyond
/// their areas. It needs the scope `applications:decide`. Before the worker says yes, you see nothing personal of theirs.
/// Somebody whom the ranking for the role removes is refused (422 `not_ranked`, with the reasons), except by a coordinator
/// in whose areas they live, and by administrators.
///
/// Returns 409 with one of these codes: `deliverable_not_open`, `worker_unavailable` (paused,
/// or without consent), `at_capacity`, `already_applied`, `too_many_applications`; for invitations also `role_filled`
/// and `too_many_invitations`. A coordinator who applies for somebody
/// ranked from beyond their areas gets 422 `worker_elsewhere`: invite them. If another deliverable could help, the answer
/// lists similar ones that are open. A worker who was declined or withdrew may apply again,
/// three times in all, and may be invited three times.
#[utoipa::path(operation_id = "create_application", tag = "Applications", security(("bearer" = ["applications:submit"])),
    request_body = NewApplication,
    responses((status = 201, description = "Created", body = Application),
              (status = 409, description = "The deliverable, the role or the worker isn't available, or the worker has already applied or was invited")))]
#[post("/applications")]
async fn create(
    caller: Caller<SubmitApplications>,
    pool: Data<Pool>,
    gates: Data<RankingGates>,
    new: Submission<NewApplication>,
) -> Result<HttpResponse> {
    let (writer, personal_data) = (caller.writer(), caller.may::<ReadPersonalData>());
    let may_decide = caller.may::<DecideApplications>();
    if matches!(writer.reach, Reach::Partner(_)) {
        new.check_key()?;
    }
    let is_invitation = |new: &&NewApplication| new.direction == ApplicationDirection::Invitation;
    let invited = new.valid().ok().filter(is_invitation).filter(|_| may_decide);
    let ranked = match invited.cloned() {
        Some(asked) => {
            let viewer = caller.viewer();
            // Before the write: it is no part of it, and the index may have to catch up.
            pool.read(move |db| actions::check_ranked(db, &viewer, &gates, &asked))
                .await
        }
        None => Ok(()),
    };
    let within = caller.reach();
    let wanted = new.valid().ok().map(|new| (new.deliverable_id, new.role.clone()));
    let insert = move |db: &mut Db, new: NewApplication| {
        // A repeated request gets its answer, whatever the ranking says by now.
        ranked?;
        let worker = new.worker_id;
        leaving::lock_applicant(db, worker)?;
        let application = actions::submit(db, &writer, may_decide, new, Instant::now())?;
        let location = format!("/v1/applications/{}", application.id);
        let (version, shown) = (
            application.version,
            application.shown(&writer.reach, personal_data),
        );
        // The answer is stored as the worker's data: erasing the worker erases the answer.
        Answer::created(location, worker, version, &shown)
    };
    match (new.write(&pool, caller.submitter(), insert).await, wanted) {
        (Err(error), Some((deliverable, role))) => {
            Err(similar::suggest(&pool, within, deliverable, role, error).await)
        }
        (answer, _) => answer,
    }
}

/// Show an application
///
/// `message` and `note` are null unless you have the scope `personal_data:read`.
#[utoipa::path(operation_id = "show_application", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(("id" = Id, Path, description = "The application")),
    responses((status = 200, description = "The application", body = Application)))]
#[get("/applications/{id}")]
async fn show(caller: Caller<ReadApplications>, pool: Data<Pool>, id: PathId) -> Result<Entity<Application>> {
    let reach = caller.reach();
    let application = pool.lookup(move |db| store::find(db, &reach, id.0)).await?;
    let application = application.shown(&caller.reach(), caller.may::<ReadPersonalData>());
    Ok(Entity::new(application.version, application))
}

/// Answer, offer, decline or withdraw an application
///
/// Send a JSON Merge Patch. With `If-Match`, the application changes only if it still has the version that
/// you read.
///
/// A submitted application is shortlisted, offered, and agreed. An offer holds the place until `respond_by`. The worker
/// answers it with `agreement` and `worker_agrees: true`, the organization with `organization_agrees: true`; when both
/// agree, the status becomes agreed. If one side changes goal or schedule, the other has to agree again. To agree to goal and
/// schedule, or to one of the two, as they are, send `If-Match`, so that nobody agrees to what they have not read. A coordinator may
/// set agreed at once, to record an agreement that was made elsewhere. An invited worker says yes with `shortlisted`, or
/// declines. Any other move returns 409 `illegal_transition`, which names both statuses and those that you may set.
/// Declining and withdrawing need a reason. To shortlist, offer or decline, you need the scope `applications:decide` and a
/// deliverable that you manage; to withdraw, `applications:withdraw`; to say yes for a worker, `applications:submit`.
///
/// An offer checks the same conditions as applying (409 with the same codes), and that a place is free (`role_filled`). It
/// also returns 409 `same_person` if the person is already in the team under another record, `possible_same_person` if somebody
/// with the same name and contact is and no coordinator has decided about the two records, and `sandbox_application` if a
/// sandbox partner applied. An offer raises the worker's `here.open_load`; ending it lowers the load. If the last place is
/// agreed, the deliverable becomes matched, and opens again when somebody leaves. A deliverable that is in progress keeps
/// its status. The team of one that was delivered stays (409 `illegal_transition`). While a deliverable isn't open, its
/// applications wait (409 `deliverable_not_open`).
#[utoipa::path(operation_id = "update_application", tag = "Applications", security(("bearer" = ["applications:write"])),
    params(("id" = Id, Path, description = "The application")),
    request_body(content = inline(ApplicationPatch), content_type = "application/merge-patch+json",
        example = json!({"agreement": {"goal": "新しい会員が10人増えるチラシを作ります。",
            "schedule": "10月に打ち合わせ、11月末に入稿。平日の夜に作業します。"}, "worker_agrees": true})),
    responses((status = 200, description = "Updated", body = Application),
              (status = 409, description = "The status can't change like this, or the place is no longer available"),
              (status = 428, description = "Agreeing to goal and schedule as they are needs `If-Match` with the version that you have read")))]
#[patch("/applications/{id}")]
async fn update(
    caller: Caller<WriteApplications>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    patch: ApplicationPatch,
) -> Result<Entity<Application>> {
    let (personal_data, reach) = (caller.may::<ReadPersonalData>(), caller.reach());
    let principal = caller.principal().clone();
    let unread = match personal_data {
        true => Vec::new(),
        false => Outcome::unread(),
    };
    let updated = patch.write(&pool, move |db, patch| {
        let edit = |before: &Outcome| {
            let mut known = before.clone();
            // Half an agreement would tell whether there is one.
            if !personal_data && patch.states("agreement") {
                known.agreement = None;
            }
            patch.edited(before, patch.apply(&known)?, &unread)
        };
        actions::edit(db, (&principal, false), &reach, id.0, &if_match, edit)
    });
    let application = updated.await?.shown(&caller.reach(), personal_data);
    Ok(Entity::new(application.version, application))
}

type ApplicationPatch = Patch<Outcome>;

/// Update a deliverable
///
/// Send a JSON Merge Patch. With `If-Match`, only the version that you read is changed. The status moves draft →
/// submitted → open → matched → in_progress → delivered, or to declined or cancelled; any other move returns 409
/// `illegal_transition`, which names both statuses. Every status but draft, submitted and cancelled needs the scope
/// `deliverables:decide`.
///
/// The status follows the team: an open request whose last place is taken is matched. To set matched, in_progress or
/// delivered yourself, the request needs a team here, or `external_team` (409 `incomplete_team`). When it is cancelled or
/// declined, its applications are declined with the reason `request_closed`; when it is delivered, those that wait are.
/// Its members' open load falls, and delivered work counts in their `here`, beside what rosters say.
///
/// A role keeps as many places as its applications hold, offered or agreed (409 `places_held`). Who waits for a role that is
/// gone is declined with the reason `no_longer_needed`.
///
/// Opening a submitted request needs `If-Match`, so that nobody releases what they have not read.
///
/// Without that scope, a change of an open or matched request sends it back: its status becomes submitted, and
/// `changed_since_release` lists what changed. It is no longer shown to workers and partners, and its applications wait,
/// until a coordinator opens it again. Only `starts_on`, `ends_on` and `day_parts` may change without that. Of a request
/// in progress, nothing else may change; of one that is delivered, declined or cancelled, nothing at all (422
/// `not_permitted`).
///
/// To decline a request, use `POST /v1/deliverables/{id}/decisions`, which takes the reason (422 `decision_required`). To
/// cancel one that is matched or in progress, give a `cancellation_reason`.
#[utoipa::path(operation_id = "update_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body(content = inline(DeliverablePatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Updated", body = Deliverable),
              (status = 409, description = "The status can't change like this, or the external id is in use"),
              (status = 428, description = "Opening a submitted request needs `If-Match` with the version that you have read")))]
#[patch("/deliverables/{id}")]
async fn update_deliverable(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: DeliverablePatch,
) -> Result<Entity<Deliverable>> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    let updated = patch.write(&pool, move |db, patch| {
        requests::update(db, &editor, &catalogues, id.0, &if_match, |before| {
            let after = patch.apply(before).map_err(|error| {
                // A move that isn't allowed is the answer, not what the new status can't have.
                let to = patch.stated::<DeliverableStatus>("status");
                let illegal = to.and_then(|to| before.status.check_move(to).err());
                illegal.unwrap_or(error)
            })?;
            // Those who may not decide read that, not how to decide.
            if editor.may_decide {
                check_declined(before, &after)?;
            }
            Ok(after)
        })
    });
    let deliverable = updated.await?;
    Ok(Entity::new(deliverable.version, deliverable))
}
type DeliverablePatch = Patch<NewDeliverable>;

/// Archive a deliverable
///
/// An archived deliverable no longer appears in lists and rankings, and still counts in the statistics. If it hasn't
/// ended, its applications are declined with the reason `request_closed`, and its project is cancelled.
///
/// Say why with `reason`: the project, the applications (`request_reason`) and the request (`archive_reason`) show it to
/// those concerned. A request that is matched or in progress needs it; one that has ended has none.
#[utoipa::path(operation_id = "archive_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable"), ArchiveReason),
    responses((status = 204, description = "Archived")))]
#[delete("/deliverables/{id}")]
async fn archive_deliverable(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    query: Query<ArchiveReason>,
) -> Result<HttpResponse> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    pool.write(move |db| requests::archive(db, &editor, id.0, &if_match, query.0.reason))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
