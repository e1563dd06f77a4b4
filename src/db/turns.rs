//! Whose turn it is to write: first come, first served.
//!
//! SQLite has one writer. Without turns, whoever writes again and again, as imports do, would take the connection back
//! before those who wait have woken up.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_taken: bool,
    /// The numbers of those who wait, the first one first.
    waiting: VecDeque<u64>,
    last: u64,
}

/// One's turn; it ends when this is dropped.
pub struct Turn<'t>(&'t Turns);

impl Turns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one's turn; none if it does not come in time.
    pub fn take(&self, patience: Duration) -> Option<Turn<'_>> {
        let until = Instant::now() + patience;
        let mut state = self.state();
        state.last += 1;
        let own = state.last;
        state.waiting.push_back(own);
        while state.is_taken || state.waiting.front() != Some(&own) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.waiting.retain(|number| *number != own);
                self.changed.notify_all();
                return None;
            }
            let waited = self.changed.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.pop_front();
        state.is_taken = true;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state().is_taken = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn whoever_comes_first_goes_first() {
        let (turns, order) = (Turns::default(), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            let first = turns.take(LONG).unwrap();
            for n in 0..5 {
                let (turns, order) = (&turns, &order);
                scope.spawn(move || {
                    let _turn = turns.take(LONG).unwrap();
                    order.lock().unwrap().push(n);
                });
                while turns.state().waiting.len() <= n {
                    std::thread::yield_now();
                }
            }
            assert!(turns.take(Duration::ZERO).is_none(), "it does not come in time");
            assert!(order.lock().unwrap().is_empty());
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    }
}
