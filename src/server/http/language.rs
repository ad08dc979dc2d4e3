//! The language of a page: `?lang=` when someone has just chosen, else the cookie of an earlier choice, else what the browser
//! prefers (RFC 9110 §12.5.4, RFC 4647 §3.4). Nothing is stored for people who never choose.
//!
//! Read here and not by `leptos_i18n`: that sets the language by an effect, in a task of its own, which panics when the page is
//! done, or its reader gone, before it runs.

use http::{HeaderMap, header, request::Parts};
use leptos::prelude::use_context;

use super::{choice, weighted};
use crate::{
    i18n::{I18nLocaleTrait, Locale},
    platform::LANGUAGE_PARAMETER,
};

const COOKIE: &str = "locale";
const ONE_YEAR_SECS: u32 = 365 * 24 * 3600;

/// Decides for the page being rendered; where someone has just chosen, the reply sets the cookie. Once a page.
#[must_use]
pub fn of_page() -> Locale {
    let Some(parts) = use_context::<Parts>() else { return Locale::default() };
    let parse = |code: &str| code.parse().ok();
    if let Some(chosen) = choice::made(&parts, LANGUAGE_PARAMETER, parse) {
        choice::keep(&cookie(chosen));
        return chosen;
    }
    choice::kept(&parts.headers, COOKIE, parse).unwrap_or_else(|| preferred(&parts.headers))
}

fn cookie(locale: Locale) -> String {
    format!("{COOKIE}={}; Path=/; Max-Age={ONE_YEAR_SECS}; SameSite=Lax", locale.as_str())
}

/// The language of ours with the greatest weight, of two with the same the one that is listed first, of two that aren't our first.
fn preferred(headers: &HeaderMap) -> Locale {
    let listed: Vec<_> = weighted::items(headers, header::ACCEPT_LANGUAGE).collect();
    let asks_for = |code, (range, weight): &(&str, f32)| *weight > 0.0 && primary(range).eq_ignore_ascii_case(code);
    let place = |code| listed.iter().position(|item| asks_for(code, item));
    let rank = |locale: Locale| {
        let code = locale.as_str();
        (weight_of(code, &listed), place(code).unwrap_or(usize::MAX))
    };
    let ranked = Locale::get_all().iter().map(|locale| (rank(*locale), *locale));
    let best = ranked.min_by(|((a, before), _), ((b, after), _)| b.total_cmp(a).then(before.cmp(after)));
    best.map(|(_, locale)| locale).unwrap_or_default()
}

/// How much a language is wanted; less than nothing if it is refused, nothing if the list doesn't speak of it.
fn weight_of(code: &str, listed: &[(&str, f32)]) -> f32 {
    const REFUSED: f32 = -1.0;
    let refused = |name: &str| listed.iter().any(|(range, weight)| range.eq_ignore_ascii_case(name) && *weight <= 0.0);
    let most = |of: &dyn Fn(&str) -> bool| {
        listed.iter().filter(|(range, _)| of(range)).map(|(_, weight)| *weight).fold(0.0, f32::max)
    };
    let named = most(&|range| primary(range).eq_ignore_ascii_case(code));
    if refused(code) || (named <= 0.0 && refused("*")) {
        REFUSED
    } else if named > 0.0 {
        named
    } else {
        most(&|range| range == "*")
    }
}

/// "ja-JP" asks for the Japanese of Japan, and for any where there is no such.
fn primary(range: &str) -> &str {
    range.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_most_weight_is_taken_and_one_of_none_never() {
        for (sent, expected) in [
            ("", Locale::en),
            ("ja", Locale::ja),
            ("ja-JP", Locale::ja),
            ("JA-jp, en;q=0.9", Locale::ja),
            ("en;q=0.1, ja;q=0.9", Locale::ja),
            ("en-GB;q=0.4, fr;q=1, ja;q=0.5", Locale::ja),
            ("ja;q=0.5, en;q=0.5", Locale::ja),
            ("en;q=0.5, ja;q=0.5", Locale::en),
            ("ja;q=0.3, *;q=0.8", Locale::en),
            ("en;q=0.3, *;q=0.8", Locale::ja),
            ("*", Locale::en),
            ("ja;q=0", Locale::en),
            ("ja-JP, ja;q=0", Locale::en),
            ("en;q=0", Locale::ja),
            ("en;q=0, *", Locale::ja),
            ("en-GB;q=0, en;q=0.2", Locale::en),
            ("en-GB;q=0", Locale::en),
            ("ja;q=0, en;q=0", Locale::en),
            ("ja-JP;q=0, *", Locale::en),
            ("*;q=0, ja;q=0.1", Locale::ja),
            ("jav", Locale::en),
            ("fr", Locale::en),
            ("ja;q=much, en;q=0.001", Locale::en),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, sent.parse().unwrap())]);
            assert_eq!(preferred(&headers), expected, "{sent}");
        }
    }
}
