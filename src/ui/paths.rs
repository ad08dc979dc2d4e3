//! Addresses of pages, built and judged in one place.

use leptos::prelude::*;
use leptos_router::{
    hooks::{use_location, use_query_map},
    location::Url,
};

use crate::{
    api::form_result,
    domain::{activity::Range, session::EndReason},
};

pub const HOME: &str = "/";
pub const LOGIN: &str = "/login";
pub const CHOOSE: &str = "/login/choose";
pub const NEW_PASSWORD: &str = "/login/password";
pub const LOGOUT: &str = "/logout";
pub const REGISTER: &str = "/register";
pub const DEVICES: &str = "/settings/devices";
pub const SECURITY: &str = "/settings/security";
pub const ACCOUNT: &str = "/settings/account";
pub const OVERVIEW: &str = "/admin";
pub const USERS: &str = "/admin/users";
/// An act on several users, asked about before it is done.
pub const SEVERAL: &str = "/admin/users/several";
pub const INVITES: &str = "/admin/users/new";
pub const AUDIT: &str = "/admin/audit";
pub const WEBHOOKS: &str = "/admin/webhooks";

/// The sign-in page, leading back to `return_to`, and saying why if there is something to say.
pub fn login(return_to: &str, reason: EndReason) -> String {
    let mut address = format!("{LOGIN}?return_to={}", Url::escape(return_to));
    if reason != EndReason::None {
        address.push_str("&reason=");
        address.push_str(reason.as_str());
    }
    address
}

/// `page` with the return address kept, for a form that comes back with an error.
pub fn keeping(page: &str, return_to: &str) -> String {
    if return_to.is_empty() { page.to_owned() } else { format!("{page}?return_to={}", Url::escape(return_to)) }
}

/// What happened in a time; the shortest is shown unasked.
pub fn overview(range: Range) -> String {
    let asked = (range != Range::default()).then_some(("range", range.as_str()));
    with_query(OVERVIEW, asked.into_iter())
}

pub fn user(id: &str) -> String {
    format!("{USERS}/{}", Url::escape(id))
}

pub fn webhook(id: &str) -> String {
    format!("{WEBHOOKS}/{}", Url::escape(id))
}

/// The form of registration, as an invitation and the way on have it.
pub fn register(invite: &str, return_to: &str) -> String {
    filtered(REGISTER, &[("invite", invite), ("return_to", return_to)])
}

/// A page under a filter: of its values those that are set.
pub fn filtered(page: &str, filter: &[(&str, &str)]) -> String {
    with_query(page, filter.iter().copied().filter(|(_, value)| !value.is_empty()))
}

/// A return address, if it has the form of one. It goes into forms and addresses of this site, never into a link: where it
/// leads is the server's to decide.
pub fn asked(return_to: &str) -> Option<&str> {
    let elsewhere = || ["https://", "http://"].iter().any(|scheme| return_to.starts_with(scheme)).then_some(return_to);
    own(return_to).or_else(elsewhere)
}

/// A return address, if it is a path of this site; the server decides again about what it redirects to.
pub fn own(return_to: &str) -> Option<&str> {
    let own =
        return_to.starts_with('/') && !return_to.starts_with("//") && !return_to.contains(['\\', '\r', '\n', '\t']);
    own.then_some(return_to)
}

/// Where the person is: path, query and part of the page, less what a form that was sent without scripts came to there.
pub fn here() -> String {
    let part = use_location().hash.get_untracked();
    let query = use_query_map().get_untracked();
    let pairs = query.into_iter().filter(|(name, _)| !form_result::is_part(name));
    with_query(&use_location().pathname.get_untracked(), pairs) + &part
}

fn with_query(path: &str, pairs: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    let mut address = path.to_owned();
    for (index, (name, value)) in pairs.enumerate() {
        address.push_str(if index == 0 { "?" } else { "&" });
        address.extend([&Url::escape(name.as_ref()), "=", &Url::escape(value.as_ref())]);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_a_return_address() {
        assert_eq!(own("/settings/devices?x=1"), Some("/settings/devices?x=1"));
        for other in ["", "settings", "//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"] {
            assert_eq!(own(other), None, "{other}");
        }
    }

    #[test]
    fn a_form_may_ask_for_another_site_and_for_no_script() {
        assert_eq!(asked("/settings"), Some("/settings"));
        assert_eq!(asked("https://app.example.com/x"), Some("https://app.example.com/x"));
        for other in ["", "//evil.example", "javascript:alert(1)", "data:,x", "https:x"] {
            assert_eq!(asked(other), None, "{other}");
        }
    }

    #[test]
    fn a_list_page_keeps_only_what_is_set() {
        assert_eq!(filtered(USERS, &[("query", ""), ("cursor", "")]), "/admin/users");
        assert_eq!(filtered(AUDIT, &[("query", ""), ("from", "a b")]), "/admin/audit?from=a%20b");
    }
}
