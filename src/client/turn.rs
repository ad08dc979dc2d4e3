//! One at a time over all tabs: by a Web Lock, and where there are none by word on a `BroadcastChannel` (`domain/turn.rs`).
//!
//! By word two may come to be at work at once, where a tab was frozen. A refresh bears that by the rotation contract (R1, R2),
//! and of two streams what is told twice is read twice.

use std::{
    cell::RefCell,
    future::Future,
    rc::{Rc, Weak},
};

use leptos::prelude::window;

use super::{channel::Channel, dom, flight::Flight, listeners::Listener, web_lock};
use crate::domain::turn::{Contender, Heard, Said};

/// How long a tab listens for one that goes first. A busy one answers late, and then two go.
const ANSWER_MS: i32 = 200;
/// When one that waits asks again, although nobody has said that it is free: whoever was at work may have gone without a word.
const AGAIN_MS: i32 = 5_000;

/// Runs `work` in turn with all that ask by the same `name`. `None` where tabs have no way to keep apart: not run then.
pub async fn hold<T, F, Fut>(name: &'static str, work: F) -> Option<T>
where
    T: 'static,
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = T> + 'static,
{
    if web_lock::exist() {
        return web_lock::hold(name, work).await;
    }
    let place = Place::new(name)?;
    place.wait().await;
    // the tab that goes has no time to drop anything
    let going = Rc::clone(&place);
    let _gone = Listener::new(&window(), "pagehide", move |_| going.say(Said::Free));
    Some(work().await)
}

/// A place in the queue, and then the turn; given up when this is dropped.
struct Place {
    contender: RefCell<Contender>,
    /// What is waited for: an answer, or that it is free.
    step: RefCell<Flight<()>>,
    channel: Option<Channel>,
}

impl Place {
    fn new(name: &str) -> Option<Rc<Self>> {
        let place = Rc::new_cyclic(|place: &Weak<Self>| {
            let place = place.clone();
            let hear = move |text: String| {
                if let (Some(place), Some(said)) = (place.upgrade(), Said::parse(&text)) {
                    place.hear(said);
                }
            };
            Self {
                contender: RefCell::new(Contender::new(dom::random())),
                step: RefCell::new(Flight::new()),
                channel: Channel::open(name, hear),
            }
        });
        place.channel.is_some().then_some(place)
    }

    async fn wait(&self) {
        loop {
            let answered = self.next_step();
            let said = self.contender.borrow_mut().ask();
            self.say(said);
            if dom::within(ANSWER_MS, answered).await.is_none() && self.contender.borrow_mut().take() {
                return;
            }
            dom::within(AGAIN_MS, self.next_step()).await;
        }
    }

    fn next_step(&self) -> Flight<()> {
        let step = Flight::new();
        self.step.replace(step.clone());
        step
    }

    fn hear(&self, said: Said) {
        let heard = self.contender.borrow_mut().hear(said);
        match heard {
            Heard::Nothing => {}
            Heard::Answer(said) => self.say(said),
            Heard::StepBack | Heard::AskAgain => self.step.borrow().land(()),
        }
    }

    fn say(&self, said: Said) {
        if let Some(channel) = &self.channel {
            channel.post(&said.to_text());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.say(Said::Free);
    }
}
