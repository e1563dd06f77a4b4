//! Counts the views of pages in memory until they are written.

use super::month::Month;
use super::{PageKind, PageMonth, store};
use crate::db::{Id, Pool};
use crate::error::Result;
use parking_lot::Mutex;
use std::collections::HashMap;

/// How many pages are counted between two writes. Views of further pages aren't.
const MOST: usize = 20_000;

/// The views that aren't written yet.
#[derive(Debug, Default)]
pub struct ViewCounter {
    waiting: Mutex<HashMap<PageMonth, i64>>,
}

impl ViewCounter {
    /// Counts one view of a page now. Nothing else is kept of it.
    pub fn count(&self, kind: PageKind, id: Id) {
        self.add((kind, id, Month::current()), 1);
    }

    fn add(&self, page: PageMonth, views: i64) {
        let mut waiting = self.waiting.lock();
        if let Some(known) = waiting.get_mut(&page) {
            *known += views;
        } else if waiting.len() < MOST {
            waiting.insert(page, views);
        }
    }

    /// Writes the views that were counted. If that fails, they are kept for the next time.
    pub async fn flush(&self, pool: &Pool) -> Result<()> {
        let counted: Vec<(PageMonth, i64)> = std::mem::take(&mut *self.waiting.lock()).into_iter().collect();
        if counted.is_empty() {
            return Ok(());
        }
        let views = counted.clone();
        let written = pool.write(move |db| store::views::add_all(db, &views)).await;
        if written.is_err() {
            counted
                .into_iter()
                .for_each(|(page, views)| self.add(page, views));
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_page_by_itself_and_no_more_than_fit() {
        let counter = ViewCounter::default();
        let (one, other) = (Id::new(), Id::new());
        for id in [one, one, other] {
            counter.count(PageKind::Post, id);
        }
        counter.count(PageKind::Card, one);
        let mut counts: Vec<i64> = counter.waiting.lock().values().copied().collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 2]);
        for _ in 0..MOST {
            counter.count(PageKind::Post, Id::new());
        }
        assert_eq!(counter.waiting.lock().len(), MOST);
        counter.count(PageKind::Card, one);
        let page = (PageKind::Card, one, Month::current());
        assert_eq!(counter.waiting.lock().get(&page), Some(&2));
    }
}
