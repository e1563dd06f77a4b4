//! SQL of feedback on publications.

use crate::db::schema::publication_feedback::{self, dsl};
use crate::db::{Db, Id, Instant, keyset};
use crate::error::{Error, Result};
use crate::http::{Cursor, Page, Paging, page};
use crate::press::feedback::{Feedback, FeedbackRole, FeedbackSummary, NewFeedback, summarize};
use diesel::prelude::*;
use std::collections::HashMap;

/// The name of the order in cursors.
const ORDER: &str = "-created_at";

type Row = (Id, i32, Option<String>, String, Instant);

pub fn insert(db: &mut Db, publication: Id, new: &NewFeedback, now: Instant) -> Result<()> {
    let row = (
        dsl::id.eq(Id::new()),
        dsl::publication_id.eq(publication),
        dsl::scale.eq(new.scale),
        dsl::role.eq(new.role.code()),
        dsl::words.eq(&new.words),
        dsl::created_at.eq(now),
    );
    diesel::insert_into(publication_feedback::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

pub fn count(db: &mut Db, publication: Id) -> Result<i64> {
    let all = dsl::publication_feedback.filter(dsl::publication_id.eq(publication));
    Ok(all.count().get_result(db)?)
}

/// Returns when the last but `nth` feedback on a publication was given.
pub fn newest(db: &mut Db, publication: Id, nth: i64) -> Result<Option<Instant>> {
    let all = dsl::publication_feedback.filter(dsl::publication_id.eq(publication));
    let newest = all.order(dsl::id.desc()).offset(nth).limit(1);
    Ok(newest.select(dsl::created_at).first(db).optional()?)
}

fn role(code: &str) -> Result<FeedbackRole> {
    code.parse()
        .map_err(|_| Error::Internal(format!("feedback of an unknown role: {code}")))
}

/// Lists the feedback on a publication, the newest first.
pub fn list(db: &mut Db, publication: Id, paging: &Paging) -> Result<Page<Feedback>> {
    let limit = page::limit(paging.limit)?;
    let first = Cursor::decode(paging.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let all = dsl::publication_feedback.filter(dsl::publication_id.eq(publication));
    let query = all
        .select((dsl::id, dsl::scale, dsl::words, dsl::role, dsl::created_at))
        .into_boxed();
    let query = keyset!(query, first, dsl::id, descending).limit(limit + 1);
    let read = |(id, scale, words, code, created_at): Row| {
        Ok(Feedback {
            id,
            scale,
            words,
            role: role(&code)?,
            created_at,
        })
    };
    let rows: Vec<Feedback> = query.load(db)?.into_iter().map(read).collect::<Result<_>>()?;
    let page = Page::of(rows, limit, |last: &Feedback| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(paging.count, || {
        let all = all.select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Sums up the feedback on publications, with one statement.
pub fn summaries(db: &mut Db, publications: &[Id]) -> Result<HashMap<Id, FeedbackSummary>> {
    let counted = dsl::publication_feedback
        .filter(dsl::publication_id.eq_any(publications))
        .group_by((dsl::publication_id, dsl::role, dsl::scale))
        .select((
            dsl::publication_id,
            dsl::role,
            dsl::scale,
            diesel::dsl::count_star(),
        ));
    let mut marks: HashMap<Id, Vec<(FeedbackRole, i32, i64)>> = HashMap::new();
    for (id, code, scale, count) in counted.load::<(Id, String, i32, i64)>(db)? {
        marks.entry(id).or_default().push((role(&code)?, scale, count));
    }
    Ok(marks
        .into_iter()
        .map(|(id, marks)| (id, summarize(&marks)))
        .collect())
}

/// Forgets words that were written before. Returns how many; call it again until it returns 0.
pub fn forget_words(db: &mut Db, before: Instant, most: i64) -> Result<usize> {
    let old = dsl::publication_feedback
        .filter(dsl::created_at.lt(before))
        .filter(dsl::words.is_not_null())
        .select(dsl::id)
        .limit(most);
    let old: Vec<Id> = old.load(db)?;
    let old = dsl::publication_feedback.filter(dsl::id.eq_any(old));
    Ok(diesel::update(old)
        .set(dsl::words.eq(None::<String>))
        .execute(db)?)
}
