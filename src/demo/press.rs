//! Made-up pages that everybody reads: cards of the demonstration's projects, posts, a playbook and a textbook.

use super::embedded::{ACTOR, unreadable};
use crate::auth::{Reach, Writer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Instant};
use crate::error::Result;
use crate::http::Language;
use crate::http::page::MAX_LIMIT;
use crate::http::query::Several;
use crate::press::cards::{CardConsent, NewCard};
use crate::press::feedback::NewFeedback;
use crate::press::filter::{ItemFilter, PostFilter};
use crate::press::posts::NewPost;
use crate::press::publications::NewPublication;
use crate::press::{PressStatus, actions, library, store};
use crate::projects::{self, Project, ProjectFilter, ProjectKind};
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
    /// The title of the project that it tells of.
    project: String,
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
    let (writer, mut made) = (Writer::operator(ACTOR), Vec::new());
    for post in pages.posts {
        let post = actions::create(db, &writer, catalogue, post, Language::Ja, now)?;
        made.push(post.id);
    }
    for one in pages.publications {
        let publication = actions::create(db, &writer, catalogue, one.publication, Language::Ja, now)?;
        for feedback in &one.feedback {
            library::take_feedback(db, publication.id, feedback, now)?;
        }
        made.push(publication.id);
    }
    let filter = ProjectFilter {
        kind: Some(Several(vec![ProjectKind::Deliverable])),
        limit: Some(MAX_LIMIT),
        ..ProjectFilter::default()
    };
    let projects = projects::store::list(db, everything, &filter)?.items;
    for text in pages.cards {
        let is_its = |one: &&Project| one.plan.title == text.project;
        let Some(project) = projects.iter().find(is_its) else {
            continue;
        };
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
        let card = actions::create(db, &writer, catalogue, card, Language::Ja, now)?;
        made.push(card.id);
    }
    store::mark_demo(db, &made)?;
    Ok(made.len())
}
