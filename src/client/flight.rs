//! One result that several may wait for: the single flight of a refresh within one tab.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

struct State<T> {
    result: Option<T>,
    waiting: Vec<Waker>,
}

/// A future any number of callers await; all get a copy of what [`Flight::land`] is given.
pub struct Flight<T>(Arc<Mutex<State<T>>>);

impl<T> Flight<T> {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { result: None, waiting: Vec::new() })))
    }

    /// One to wait for, and the same to land.
    pub fn shared() -> (Self, Self) {
        let flight = Self::new();
        (flight.clone(), flight)
    }

    pub fn land(&self, result: T) {
        let waiting = {
            let mut state = self.state();
            state.result = Some(result);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Future for Flight<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state();
        if let Some(result) = &state.result {
            return Poll::Ready(result.clone());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_waits_gets_the_same_result_also_who_comes_late() {
        let flight = Flight::new();
        let mut cx = Context::from_waker(Waker::noop());
        let (mut first, mut second) = (flight.clone(), flight.clone());
        assert_eq!(Pin::new(&mut first).poll(&mut cx), Poll::Pending);
        flight.land(7);
        for waiter in [&mut first, &mut second] {
            assert_eq!(Pin::new(waiter).poll(&mut cx), Poll::Ready(7));
        }
    }
}
