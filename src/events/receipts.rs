//! Registrations of people without an account: made in public, then shown, cancelled and answered with a secret.
//!
//! What keeps programs out: the requests of an address are slowed down, and a field that people don't see.
//!
//! Deliberately absent: an answer that is alike for a name and an e-mail address that are registered already and for others. The
//! answer has the secret, which nobody could send by mail instead, since there is no mail server. An answer that is alike
//! would have a secret, too. If that one did not work, its first use would tell, and somebody who registers again because
//! they lost theirs would believe in a registration that they can't cancel. If it worked, one person would hold two places,
//! or a stranger would cancel another's. So a guest learns `already_registered`, for one event at a time, and
//! the requests that ask for it are slowed down like all others.

use super::answers::{AnswerNote, SecretAnswers, check_answerable, store_answers};
use super::registering::{check_open, insert, withdraw};
use super::registration::{NewGuest, NewRegistration, Receipt, Registration, RegistrationStatus, Through};
use super::rules::{share_of_site, share_taken};
use super::store::registrations;
use super::{Event, EventStatus, store};
use crate::auth::{self, Reach, secret};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::http::Submitter;
use crate::sessions::actions::open_with_secret;
use crate::sessions::throttle::{
    PublicSecret, PublicWrite, of_public_secret, of_public_write, too_many_attempts,
};
use crate::sessions::{self, Client};

/// The actor of what somebody without an account does.
const GUEST: &str = "guest";

/// Counts a public write for its address, with others of its kind. Too many are refused until the pause is over. Returns the sender: what tells a guest
/// from others is a digest of the network that the requests come from.
pub async fn slow_down(pool: &Pool, what: PublicWrite, client: Client) -> Result<Submitter> {
    let attempt = move |db: &mut Db| {
        let wait_s = sessions::store::attempt(db, &of_public_write(what, &client), Instant::now())?;
        let network = auth::store::digests(db)?.of(GUEST, client.network());
        Ok((wait_s, network))
    };
    match pool.write(attempt).await? {
        (Some(wait_s), _) => Err(too_many_attempts(wait_s)),
        (None, network) => Ok(Submitter {
            actor: format!("{GUEST}:{}", hex::encode(network)),
            grants: Vec::new(),
        }),
    }
}

fn receipt(event: &Event, one: &Registration, secret: Option<String>, now: Instant) -> Receipt {
    let plan = &event.plan;
    let takes_place = plan.status != EventStatus::Cancelled;
    let has_place = takes_place && one.new.status.takes_place();
    Receipt {
        event_id: event.id,
        title: plan.title.clone(),
        event_status: plan.status,
        notice: plan.notice.clone(),
        moved_at: event.moved_at,
        times: plan.times.clone(),
        month: plan.month.clone(),
        place: plan.place.clone(),
        online: plan.online,
        status: one.new.status,
        places: one.new.places,
        online_url: plan.online_url.clone().filter(|_| has_place),
        questions: match check_answerable(event, Some(one), now) {
            Ok(()) => plan.questions.clone(),
            Err(_) => Vec::new(),
        },
        answered: one.answered,
        secret,
    }
}

/// Registers somebody without an account for a published event. Guests from one site leave places for others. Returns the
/// registration's id with the receipt.
pub fn register(
    db: &mut Db,
    client: &Client,
    event: Id,
    guest: NewGuest,
    now: Instant,
) -> Result<(Id, Receipt)> {
    if !guest.website.is_empty() {
        let rule = Text::new("この項目は空のままにしてください。", "Leave this field empty.");
        return Err(Error::invalid("/website", "not_permitted", rule));
    }
    store::lock_event(db, event)?;
    let event = store::find_public(db, event)?;
    check_open(&event, now)?;
    let digests = auth::store::digests(db)?;
    let site = hex::encode(digests.of("guest of an event", &format!("{}\n{}", event.id, client.site())));
    let places = registrations::places_of_site(db, event.id, &site)? + i64::from(guest.places);
    if places > share_of_site(&event.plan) {
        return Err(share_taken());
    }
    let secret = secret::fresh("mrg_")?;
    let new = NewRegistration {
        name: Some(guest.name),
        email: Some(guest.email),
        phone: guest.phone,
        affiliation: guest.affiliation,
        worker_id: None,
        organization_id: None,
        places: guest.places,
        wants_consultation: guest.wants_consultation,
        note: guest.note,
        status: RegistrationStatus::Registered,
    };
    let digest = secret::digest(&secret);
    let one = insert(db, GUEST, &event, (new, Through::default()), Some(digest), now)?;
    registrations::insert_guest(db, &one, &site)?;
    Ok((one.id, receipt(&event, &one, Some(secret), now)))
}

fn wrong_secret() -> Error {
    Error::invalid(
        "/secret",
        "invalid_link",
        Text::new(
            "この申込みは見つかりません。",
            "There is no registration with this secret.",
        ),
    )
}

/// Finds the event and the registration of a secret. A wrong one counts for the address.
async fn open(pool: &Pool, client: Client, secret: String) -> Result<(Id, Id)> {
    let find = move |db: &mut Db, _: Instant| registrations::find_by_secret(db, &secret::digest(&secret));
    let counted = of_public_secret(PublicSecret::Registration, &client);
    open_with_secret(pool, counted, wrong_secret, find).await
}

fn found(db: &mut Db, (event, id): (Id, Id)) -> Result<(Event, Registration, registrations::Keys)> {
    let event = store::find(db, &Reach::Everything, event)?.as_public();
    let (one, keys) = registrations::find(db, &Reach::Everything, event.id, id)?;
    Ok((event, one, keys))
}

/// Shows a registration to who made it.
pub async fn show(pool: &Pool, client: Client, secret: String) -> Result<Receipt> {
    let of = open(pool, client, secret).await?;
    let show = move |db: &mut Db| {
        let (event, one, _) = found(db, of)?;
        Ok(receipt(&event, &one, None, Instant::now()))
    };
    pool.read(show).await
}

/// Cancels a registration, and forgets who made it. The place goes to who waits. Returns the event, and the status: of who
/// took part it stays.
pub async fn cancel(pool: &Pool, client: Client, secret: String) -> Result<(Id, RegistrationStatus)> {
    let of = open(pool, client, secret).await?;
    let cancel = move |db: &mut Db| {
        store::lock_event(db, of.0)?;
        let (event, one, keys) = found(db, of)?;
        // Once more changes nothing.
        if one.new.status == RegistrationStatus::Cancelled && one.new.registrant().is_empty() {
            return Ok((of.0, one.new.status));
        }
        let after = withdraw(db, GUEST, &event, (one, keys), Instant::now())?;
        Ok((of.0, after.new.status))
    };
    pool.write(cancel).await
}

/// Answers the questionnaire of an event with the secret of a registration.
pub async fn answer(pool: &Pool, client: Client, answers: SecretAnswers) -> Result<AnswerNote> {
    let of = open(pool, client, answers.secret).await?;
    let answer = move |db: &mut Db| {
        store::lock_event(db, of.0)?;
        let (event, one, keys) = found(db, of)?;
        let now = Instant::now();
        store_answers(db, GUEST, &event, Some((one, keys)), answers.replies, now)
    };
    pool.write(answer).await
}
