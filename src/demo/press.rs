//! Made-up pages that everybody reads: cards of the demonstration's projects, posts, a playbook and a textbook.

use super::embedded::{ACTOR, unreadable};
use crate::auth::{Reach, Writer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Instant};
use crate::error::Result;
use crate::http::Language;
use crate::press::cards::{CardConsent, NewCard};
use crate::press::feedback::NewFeedback;
use crate::press::filter::{ItemFilter, PostFilter};
use crate::press::posts::NewPost;
use crate::press::publications::NewPublication;
use crate::press::{PressStatus, actions, library, store};
use crate::projects::{self, ProjectFilter, ProjectKind, ProjectStatus};
use chrono::NaiveDate;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    cards: Vec<CardText>,
    posts: Vec<NewPost>,
    publications: Vec<WithFeedback>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CardText {
    title: String,
    story: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithFeedback {
    publication: NewPublication,
    feedback: Vec<NewFeedback>,
}

/// Adds the pages, unless there are posts already. Returns how many.
pub fn load(db: &mut Db, catalogue: &Catalogue, today: NaiveDate) -> Result<usize> {
    let (everything, now) = (&Reach::Everything, Instant::now());
    let any: ItemFilter = PostFilter::default().into();
    if !store::list::<NewPost>(db, Some(everything), &any, now)?
        .items
        .is_empty()
    {
        return Ok(0);
    }
    let pages: Pages = serde_json::from_str(include_str!("press.json")).map_err(unreadable)?;
    let (writer, mut added) = (Writer::operator(ACTOR), 0);
    for post in pages.posts {
        actions::create(db, &writer, catalogue, post, Language::Ja, now)?;
        added += 1;
    }
    for one in pages.publications {
        let publication = actions::create(db, &writer, catalogue, one.publication, Language::Ja, now)?;
        for feedback in &one.feedback {
            library::take_feedback(db, publication.id, feedback, now)?;
        }
        added += 1;
    }
    let filter = ProjectFilter {
        kind: Some(ProjectKind::Deliverable),
        ..ProjectFilter::default()
    };
    let shown = |status: ProjectStatus| {
        let begun = [
            ProjectStatus::InProgress,
            ProjectStatus::Delivered,
            ProjectStatus::Closed,
        ];
        begun.contains(&status)
    };
    let projects = projects::store::list(db, everything, &filter)?.items.into_iter();
    let projects = projects.filter(|one| shown(one.plan.status));
    for (project, text) in projects.zip(pages.cards) {
        let card = NewCard {
            project_id: project.id,
            title: text.title,
            story: Some(text.story),
            photo: None,
            status: PressStatus::Published,
            consent: Some(CardConsent {
                given: true,
                on: today,
                note: Some("デモ用の記録".to_owned()),
            }),
        };
        actions::create(db, &writer, catalogue, card, Language::Ja, now)?;
        added += 1;
    }
    Ok(added)
}
