//! What a proxy says was asked of it, for the log and for the way back from sign-in, and for nothing that decides.

use axum::http::HeaderMap;

/// The address by `X-Forwarded-Proto`, `-Host` and `-Uri`, else by `X-Original-URL`. Only for requests whose peer is a
/// trusted proxy: anyone can send these headers.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<String> {
    let one = |name: &str| {
        let mut lines = headers.get_all(name).iter();
        let only = lines.next().filter(|_| lines.next().is_none())?.to_str().ok()?;
        (!only.is_empty()).then_some(only)
    };
    match one("x-forwarded-uri") {
        Some(path) if path.starts_with('/') => {
            Some(format!("{}://{}{path}", one("x-forwarded-proto")?, one("x-forwarded-host")?))
        }
        Some(_) => None,
        None => one("x-original-url").map(str::to_owned),
    }
}

/// Less what may be secret: the query.
#[must_use]
pub fn for_log(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    address.chars().filter(char::is_ascii_graphic).take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(headers: &[(&'static str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        read(&map)
    }

    #[test]
    fn an_address_is_put_together_or_taken_whole() {
        let parts =
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example.com"), ("x-forwarded-uri", "/a?b=1")];
        assert_eq!(seen(&parts).unwrap(), "https://app.example.com/a?b=1");
        assert_eq!(seen(&[("x-original-url", "https://app.example.com/")]).unwrap(), "https://app.example.com/");
    }

    #[test]
    fn what_is_missing_doubled_or_no_path_makes_no_address() {
        let host = ("x-forwarded-host", "app.example.com");
        assert_eq!(seen(&[]), None);
        assert_eq!(seen(&[host, ("x-forwarded-uri", "/a")]), None);
        assert_eq!(seen(&[host, ("x-forwarded-proto", "https"), ("x-forwarded-uri", "@evil.example/")]), None);
        assert_eq!(seen(&[host, host, ("x-forwarded-proto", "https"), ("x-forwarded-uri", "/a")]), None);
    }

    #[test]
    fn a_log_line_holds_no_query_and_stays_one_line() {
        assert_eq!(for_log("https://a.example/x y\u{1b}?token=secret"), "https://a.example/xy");
    }
}
