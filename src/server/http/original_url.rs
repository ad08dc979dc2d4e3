//! What a proxy says was asked of it, for the log and for the way back from sign-in, and for nothing that decides.

use axum::http::HeaderMap;

/// The address by `X-Forwarded-Proto`, `-Host` and `-Uri`, else by `X-Original-URL`. Only for requests whose peer is a
/// trusted proxy: anyone can send these headers.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<String> {
    match only(headers, "x-forwarded-uri") {
        Some(path) if path.starts_with('/') => {
            Some(address(first(headers, "x-forwarded-proto")?, first(headers, "x-forwarded-host")?, path))
        }
        Some(_) => None,
        None => {
            let (scheme, rest) = only(headers, "x-original-url")?.split_once("://")?;
            let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            Some(address(scheme, host, path))
        }
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let only = lines.next().filter(|_| lines.next().is_none())?.to_str().ok()?;
    (!only.is_empty()).then_some(only)
}

/// Each proxy adds what it saw to the right; what the browser asked for is what the first one saw. Several lines are one list
/// (RFC 9110 §5.3).
fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let first = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
    (!first.is_empty()).then_some(first)
}

/// Scheme and host in small letters, and no port that goes without saying: so it is compared.
fn address(scheme: &str, host: &str, path: &str) -> String {
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let default = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    format!("{scheme}://{}{path}", host.strip_suffix(default).unwrap_or(&host))
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
    fn of_a_list_the_first_counts_and_capitals_and_the_usual_port_make_no_other_address() {
        let seen_by = |proto, host| {
            seen(&[("x-forwarded-proto", proto), ("x-forwarded-host", host), ("x-forwarded-uri", "/A?b,c=1")])
        };
        for (proto, host) in [
            ("https,http", "app.example.com, inner:8080"),
            ("HTTPS", "App.Example.COM"),
            ("https , http", "app.example.com:443"),
            ("Https,", "APP.example.com:443 ,inner"),
        ] {
            assert_eq!(seen_by(proto, host).unwrap(), "https://app.example.com/A?b,c=1", "{proto} {host}");
        }
        assert_eq!(seen_by("http", "app.example.com:80").unwrap(), "http://app.example.com/A?b,c=1");
        assert_eq!(seen_by("https", "app.example.com:80").unwrap(), "https://app.example.com:80/A?b,c=1");
        let whole = |address| seen(&[("x-original-url", address)]).unwrap();
        assert_eq!(whole("HTTPS://App.example.com:443?Q"), "https://app.example.com?Q");
        assert_eq!(whole("https://app.example.com/X:443"), "https://app.example.com/X:443");
        let twice = [("x-forwarded-host", "app.example.com"), ("x-forwarded-host", "inner")];
        let rest = [("x-forwarded-proto", "https"), ("x-forwarded-uri", "/")];
        assert_eq!(seen(&[twice, rest].concat()).unwrap(), "https://app.example.com/");
    }

    #[test]
    fn what_is_missing_doubled_or_no_path_makes_no_address() {
        let host = ("x-forwarded-host", "app.example.com");
        assert_eq!(seen(&[]), None);
        assert_eq!(seen(&[host, ("x-forwarded-uri", "/a")]), None);
        assert_eq!(seen(&[host, ("x-forwarded-proto", "https"), ("x-forwarded-uri", "@evil.example/")]), None);
        let path = ("x-forwarded-uri", "/a");
        assert_eq!(seen(&[host, ("x-forwarded-proto", "https"), path, path]), None);
        assert_eq!(seen(&[host, ("x-forwarded-proto", ","), path]), None);
        assert_eq!(seen(&[("x-original-url", "/a")]), None);
    }

    #[test]
    fn a_log_line_holds_no_query_and_stays_one_line() {
        assert_eq!(for_log("https://a.example/x y\u{1b}?token=secret"), "https://a.example/xy");
    }
}
