//! What the tabs of one browser tell each other, and what the parts of one tab tell its guard. Never a token.
//!
//! Sign-in and sign-out pages call [`announce_sign_in`] and [`announce_sign_out`] when the server has said yes.

use std::{cell::RefCell, rc::Rc};

use serde::{Deserialize, Serialize};

use super::{
    channel::{Channel, post_once},
    silent_refresh::Received,
};
use crate::{api::events::What, domain::session::EndReason};

const CHANNEL: &str = "sekisho";

/// Instants are of the browser's clock, which its tabs share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// A human acted.
    Acted { at: i64 },
    /// "Stay signed in" was chosen.
    WarningAnswered { at: i64 },
    /// The server named the ends.
    Ends(Received),
    /// The session is over; also told by whoever heard it from the server.
    SignedOut { reason: EndReason },
    /// What someone is shown is another now.
    Changed { what: What },
    /// There is another token, which may say something else of the person.
    Renewed,
    /// The person signed out here, by their own wish.
    Left,
    /// A page was loaded, or a sign-in succeeded, as this user.
    SignedIn { user_id: String },
}

/// News with the session it is about: of two sessions in one browser the older one's late news must not end the newer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub session_id: Option<String>,
    pub news: News,
}

type Hear = Rc<dyn Fn(Letter)>;

#[derive(Default)]
struct Tab {
    session_id: Option<String>,
    hear: Option<Hear>,
    channel: Option<Channel>,
}

thread_local! {
    static TAB: RefCell<Tab> = RefCell::default();
}

/// Tells the other tabs that this one signed in as `user_id`; call it before leaving the sign-in page.
pub fn announce_sign_in(user_id: &str) {
    tell_others(News::SignedIn { user_id: user_id.to_owned() });
    // A tab that comes back with it says so in turn; to load this page anew for that would undo the leaving.
    hush();
}

/// Tells the other tabs that the person signed out here.
pub fn announce_sign_out() {
    tell_others(News::Left);
    tell_others(News::SignedOut { reason: EndReason::Revoked });
}

/// Begins to listen; one listener a tab.
pub fn listen(hear: impl Fn(Letter) + 'static) {
    let hear: Hear = Rc::new(hear);
    let heard = Rc::clone(&hear);
    let channel = Channel::open(CHANNEL, move |text| {
        // A tab that still runs an older version may tell what we can't read.
        if let Ok(letter) = serde_json::from_slice(text.as_bytes()) {
            heard(letter);
        }
    });
    TAB.with_borrow_mut(|tab| {
        tab.hear = Some(hear);
        tab.channel = channel;
    });
}

/// Stops listening and closes the channel.
pub fn hush() {
    TAB.with_borrow_mut(|tab| {
        tab.hear = None;
        tab.channel = None;
    });
}

/// The session this tab shows.
#[must_use]
pub fn session_id() -> Option<String> {
    TAB.with_borrow(|tab| tab.session_id.clone())
}

pub fn set_session_id(session_id: Option<String>) {
    TAB.with_borrow_mut(|tab| tab.session_id = session_id);
}

pub fn tell_others(news: News) {
    let Ok(text) = serde_json::to_string(&Letter { session_id: session_id(), news }) else {
        return;
    };
    TAB.with_borrow(|tab| match &tab.channel {
        Some(channel) => channel.post(&text),
        None => post_once(CHANNEL, &text),
    });
}

pub fn tell_here(news: News) {
    // Cloned out first: whoever hears may tell something in turn.
    if let Some(hear) = TAB.with_borrow(|tab| tab.hear.clone()) {
        hear(Letter { session_id: session_id(), news });
    }
}

/// Tells the others first: hearing it here may change whose tab this is.
pub fn tell_all(news: News) {
    tell_others(news.clone());
    tell_here(news);
}
