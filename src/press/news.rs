//! What is special to posts: their areas and numbers.

use super::actions::{Kept, Shown, check_area};
use super::posts::{NewPost, Post, check_number, duplicate_number};
use super::{Basis, Item, MonthlyViews, PressStatus, Signature, store};
use crate::auth::Writer;
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::http::Language;

impl Shown for Post {
    fn id(&self) -> Id {
        self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn public(mut self) -> Post {
        self.notices.clear();
        self.views = None;
        self
    }

    fn viewed(self, views: Vec<MonthlyViews>) -> Post {
        Post {
            views: Some(views),
            ..self
        }
    }
}

impl Kept for NewPost {
    type View = Post;

    fn complete(_: &mut Db, items: Vec<Item<NewPost>>, language: Language) -> Result<Vec<Post>> {
        Ok(items.into_iter().map(|item| Post::of(item, language)).collect())
    }

    fn settle(
        &mut self,
        db: &mut Db,
        writer: &Writer,
        catalogue: &Catalogue,
        before: Option<&Item<NewPost>>,
        _: Instant,
    ) -> Result<(Basis, Option<Signature>)> {
        let known_area = before.map(|before| &before.plan.area);
        check_area(&writer.reach, catalogue, known_area, &mut self.area)?;
        check_number(self)?;
        if self.status == PressStatus::Submitted {
            // Offices write posts; there is nobody to submit them to.
            self.status = PressStatus::Draft;
        }
        let area = self.area.as_ref().map(|area| area.as_ref());
        let id = before.map_or_else(Id::new, |before| before.id);
        if let Some(number) = self.number
            && store::has_number(db, area, number, id)?
        {
            return Err(duplicate_number());
        }
        Ok((Basis::of_area(&self.area), None))
    }
}
