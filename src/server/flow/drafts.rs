//! The keys of a person's drafts: today's, under which they are saved, and yesterday's, so that each opens for a day.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    api::drafts::{DraftKey, DraftKeys},
    domain::draft,
    server::{
        context::{Actor, RequestContext},
        crypto::draft_key,
    },
};

/// Nothing is read or written: a day's keys follow from the key that stood when the day began.
#[must_use]
pub fn keys(cx: &RequestContext, actor: &Actor) -> DraftKeys {
    let user = &actor.claims().sub;
    let today = draft::day_of(cx.now);
    let keyring = cx.state.keyring.now();
    let keys = [today, today - 1].into_iter().map(|day| {
        let key = draft_key::derive(keyring.deriving_at(draft::begin_of(day)), user, day);
        DraftKey { day, key: BASE64_URL_SAFE_NO_PAD.encode(key) }
    });
    DraftKeys { user_id: user.to_string(), server_now: cx.now.0, keys: keys.collect() }
}
