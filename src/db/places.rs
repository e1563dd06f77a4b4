//! Shares the database among the callers of requests.
//!
//! A caller who sends hundreds of requests at once waits for its own; others go in between. Without this, the last request
//! of one caller would hold up the first of the next.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

tokio::task_local! {
    static CALLER: u64;
}

/// Runs a request on behalf of a caller.
pub async fn of_caller<F: Future>(caller: u64, request: F) -> F::Output {
    CALLER.scope(caller, request).await
}

/// So many transactions at a time. Where more are wanted, callers take turns; what one caller wants goes in the order in
/// which it came.
#[derive(Clone)]
pub struct Places(Arc<Mutex<Queues>>);

struct Queues {
    free: usize,
    /// The waiting transactions of each caller. Callers without one are left out.
    waiting: HashMap<u64, VecDeque<oneshot::Sender<Place>>>,
    /// Whose turn is next.
    turns: VecDeque<u64>,
}

/// Leave for one transaction. Someone else gets it when this is dropped.
pub struct Place(Option<Places>);

impl Places {
    pub fn new(number: usize) -> Places {
        Places(Arc::new(Mutex::new(Queues {
            free: number,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
        })))
    }

    /// Waits for a place. Returns none after `timeout`.
    pub async fn take(&self, timeout: Duration) -> Option<Place> {
        // What runs for nobody in particular counts as one caller.
        let caller = CALLER.try_with(|caller| *caller).unwrap_or_default();
        let comes = {
            let mut queues = self.0.lock();
            if queues.free > 0 {
                queues.free -= 1;
                return Some(Place(Some(self.clone())));
            }
            let (give, comes) = oneshot::channel();
            queues.add(caller, give);
            comes
        };
        tokio::time::timeout(timeout, comes).await.ok()?.ok()
    }

    /// Returns how many transactions wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.values().map(VecDeque::len).sum()
    }

    fn pass_on(&self) {
        loop {
            let mut queues = self.0.lock();
            let Some(next) = queues.next() else {
                queues.free += 1;
                return;
            };
            drop(queues);
            match next.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                // That one has given up. Its place is ours still.
                Err(mut place) => place.0 = None,
            }
        }
    }
}

impl Queues {
    fn add(&mut self, caller: u64, waiting: oneshot::Sender<Place>) {
        let own = self.waiting.entry(caller).or_default();
        if own.is_empty() {
            self.turns.push_back(caller);
        }
        own.push_back(waiting);
    }

    /// Returns the next transaction, and moves its caller to the end.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        let caller = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&caller)?;
        let next = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&caller);
        } else {
            self.turns.push_back(caller);
        }
        next
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.0.take() {
            places.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::yield_now;

    const LONG: Duration = Duration::from_secs(600);

    fn run<F: Future>(test: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(test)
    }

    /// Queues transactions of the callers behind one that runs, and returns the order in which they get a place.
    async fn order(callers: &[u64]) -> Vec<u64> {
        let places = Places::new(1);
        let first = places.take(LONG).await.unwrap();
        let order = Arc::<Mutex<Vec<u64>>>::default();
        let mut tasks = Vec::new();
        for caller in callers.iter().copied() {
            let (own, order) = (places.clone(), Arc::clone(&order));
            let before = places.waiting();
            tasks.push(tokio::spawn(of_caller(caller, async move {
                let _place = own.take(LONG).await.unwrap();
                order.lock().push(caller);
            })));
            while places.waiting() == before {
                yield_now().await;
            }
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((places.waiting(), places.0.lock().free), (0, 1));
        std::mem::take(&mut *order.lock())
    }

    #[test]
    fn callers_take_turns() {
        let order = run(order(&[1, 1, 1, 1, 2, 3, 3]));
        assert_eq!(order, [1, 2, 3, 1, 3, 1, 1]);
    }

    #[test]
    fn a_place_goes_on_from_those_who_gave_up() {
        run(async {
            let places = Places::new(1);
            let first = places.take(LONG).await.unwrap();
            assert!(places.take(Duration::ZERO).await.is_none(), "times out");
            let own = places.clone();
            let task = tokio::spawn(async move { own.take(LONG).await.is_some() });
            while places.waiting() == 0 {
                yield_now().await;
            }
            // It gets the place, and ends before it can look.
            drop(first);
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(places.take(Duration::ZERO).await.is_some());
        });
    }

    #[test]
    fn as_many_run_as_there_are_places() {
        run(async {
            let places = Places::new(2);
            let both = (places.take(LONG).await, places.take(LONG).await);
            assert!(both.0.is_some() && both.1.is_some());
            assert!(places.take(Duration::ZERO).await.is_none());
            drop(both);
            assert!(places.take(Duration::ZERO).await.is_some());
        });
    }
}
