//! Answering a follow-up with a one-time link, without an account.

use super::{
    FollowUp, FollowUpQuestion, FollowUpReply, FollowUpStatus, actions, expired_link, store, used_link,
    wrong_link,
};
use crate::auth::{Reach, secret};
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables;
use crate::error::Result;
use crate::organizations;
use crate::sessions::Client;
use crate::sessions::actions::open_with_secret;
use crate::sessions::throttle::{PublicSecret, of_public_secret};

/// The actor of answers by a link.
const LINK: &str = "follow_up_link";

/// What a link is for.
struct OpenLink {
    project: Id,
    months: i32,
    expires_at: Instant,
}

/// Finds what the secret of a link is for. A wrong secret counts for the address.
async fn find(pool: &Pool, client: Client, token: String) -> Result<OpenLink> {
    let find = move |db: &mut Db, _: Instant| {
        let found = store::find_by_link(db, &secret::digest(&token))?;
        Ok(found.map(|(project, months, expires_at)| OpenLink {
            project,
            months,
            expires_at,
        }))
    };
    let counted = of_public_secret(PublicSecret::FollowUp, &client);
    let link = open_with_secret(pool, counted, wrong_link, find).await?;
    if link.expires_at <= Instant::now() {
        return Err(expired_link());
    }
    Ok(link)
}

/// Checks that a link hasn't been used and its follow-up can be answered today.
fn check_open(follow_up: &FollowUp) -> Result<()> {
    check_unused(follow_up)?;
    follow_up.check_open()
}

fn check_unused(follow_up: &FollowUp) -> Result<()> {
    match follow_up.status {
        FollowUpStatus::Answered => Err(used_link()),
        _ => Ok(()),
    }
}

/// Returns what a link asks.
pub async fn show(pool: &Pool, client: Client, token: String) -> Result<FollowUpQuestion> {
    let link = find(pool, client, token).await?;
    let show = move |db: &mut Db| {
        let deliverable = deliverables::store::find(db, &Reach::Everything, link.project, true)?;
        let organization = deliverable.request.organization_id;
        for (_, follow_up) in store::of_project(db, link.project, organization)? {
            if i64::from(follow_up.months) == i64::from(link.months) {
                check_unused(&follow_up)?;
            }
        }
        let mut labels = organizations::store::labels(db, &[organization])?;
        Ok(FollowUpQuestion {
            organization_name: labels
                .remove(&organization)
                .map(|label| label.name)
                .unwrap_or_default(),
            title: deliverable.request.title,
            months: u32::try_from(link.months).unwrap_or_default(),
            expires_at: link.expires_at,
        })
    };
    pool.read(show).await
}

/// Answers with a link. It works once.
pub async fn answer(pool: &Pool, client: Client, reply: FollowUpReply) -> Result<()> {
    let link = find(pool, client, reply.token).await?;
    let answer = move |db: &mut Db| {
        let caller = (LINK, &Reach::Everything);
        let of = (link.project, link.months);
        actions::answer(db, caller, of, reply.answer, check_open).map(|_| ())
    };
    pool.write(answer).await
}
