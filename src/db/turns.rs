//! Lets writers take turns, first come, first served.
//!
//! SQLite has one writer. Without turns, a task that writes again and again, such as an import, would take the connection
//! back before the waiting threads wake up.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Turns {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    is_taken: bool,
    /// The numbers of the waiting writers, the next one first.
    waiting: VecDeque<u64>,
    last: u64,
}

/// A turn to write. It ends when it is dropped.
pub struct Turn<'t>(&'t Turns);

impl Turns {
    /// Waits for a turn. Returns none after `timeout`.
    pub fn take(&self, timeout: Duration) -> Option<Turn<'_>> {
        let until = Instant::now() + timeout;
        let mut queue = self.queue.lock();
        queue.last += 1;
        let number = queue.last;
        queue.waiting.push_back(number);
        while queue.is_taken || queue.waiting.front() != Some(&number) {
            if Instant::now() >= until {
                queue.waiting.retain(|waiting| *waiting != number);
                self.changed.notify_all();
                return None;
            }
            self.changed.wait_until(&mut queue, until);
        }
        queue.waiting.pop_front();
        queue.is_taken = true;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.queue.lock().is_taken = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn gives_turns_in_the_order_of_arrival() {
        let (turns, order) = (Turns::default(), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            let first = turns.take(LONG).unwrap();
            for n in 0..5 {
                let (turns, order) = (&turns, &order);
                scope.spawn(move || {
                    let _turn = turns.take(LONG).unwrap();
                    order.lock().push(n);
                });
                while turns.queue.lock().waiting.len() <= n {
                    std::thread::yield_now();
                }
            }
            assert!(turns.take(Duration::ZERO).is_none(), "times out");
            assert!(order.lock().is_empty());
            drop(first);
        });
        assert_eq!(*order.lock(), [0, 1, 2, 3, 4]);
    }
}
