//! Caps on what callers hold open at once: connections, downloads, streams of events, bytes that wait.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Slots of one kind: so many for each caller, and so many in all.
#[derive(Clone)]
pub struct Slots<K: Eq + Hash + Clone> {
    each: usize,
    all: usize,
    taken: Arc<Mutex<Taken<K>>>,
}

struct Taken<K> {
    all: usize,
    /// Callers without a slot are left out.
    by: HashMap<K, usize>,
}

/// One slot or several. They are free again when this is dropped.
pub struct Slot<K: Eq + Hash + Clone> {
    slots: Slots<K>,
    key: Option<K>,
    number: usize,
}

impl<K: Eq + Hash + Clone> Slots<K> {
    pub fn new(each: usize, all: usize) -> Slots<K> {
        let (all_taken, by) = (0, HashMap::new());
        let taken = Arc::new(Mutex::new(Taken { all: all_taken, by }));
        Slots { each, all, taken }
    }

    /// Returns how many are taken, and how many may be.
    pub fn usage(&self) -> (usize, usize) {
        (self.taken.lock().all, self.all)
    }

    /// Takes a slot, or returns none if they are all taken. Without a key it counts only in all.
    pub fn take(&self, key: Option<K>) -> Option<Slot<K>> {
        self.take_several(key, 1)
    }

    /// Takes so many slots, or none of them.
    pub fn take_several(&self, key: Option<K>, number: usize) -> Option<Slot<K>> {
        let mut taken = self.taken.lock();
        let own = key.as_ref().and_then(|key| taken.by.get(key)).copied();
        let own = own.unwrap_or_default() + number;
        if taken.all + number > self.all || key.is_some() && own > self.each {
            return None;
        }
        taken.all += number;
        if let Some(key) = &key {
            taken.by.insert(key.clone(), own);
        }
        Some(Slot {
            slots: self.clone(),
            key,
            number,
        })
    }
}

impl<K: Eq + Hash + Clone> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock();
        taken.all -= self.number;
        let Some(key) = &self.key else { return };
        match taken.by.get_mut(key) {
            Some(own) if *own > self.number => *own -= self.number,
            _ => drop(taken.by.remove(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_each_caller_and_all_of_them_and_forgets_those_who_left() {
        let slots = Slots::new(2, 3);
        let one = slots.take(Some("a")).unwrap();
        let two = slots.take(Some("a")).unwrap();
        assert!(slots.take(Some("a")).is_none(), "a has both");
        let three = slots.take(Some("b")).unwrap();
        assert!(
            slots.take(Some("c")).is_none() && slots.take(None).is_none(),
            "all"
        );
        drop(one);
        assert!(slots.take(Some("a")).is_some());
        drop((two, three));
        let taken = slots.taken.lock();
        assert!(taken.all == 0 && taken.by.is_empty());
    }

    #[test]
    fn several_are_taken_together_or_not_at_all() {
        let slots = Slots::new(4, 6);
        let three = slots.take_several(Some("a"), 3).unwrap();
        assert!(slots.take_several(Some("a"), 2).is_none(), "a has four at most");
        let others = slots.take_several(Some("b"), 3);
        assert!(others.is_some() && slots.take(None).is_none(), "all");
        drop(three);
        assert!(slots.take_several(Some("a"), 3).is_some());
    }
}
