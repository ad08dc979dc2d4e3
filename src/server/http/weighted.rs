//! Lists with weights, as `Accept-Encoding` and `Accept-Language` are (RFC 9110 §12.4.2): `a, b;q=0.5, *;q=0`.

use axum::http::{HeaderMap, HeaderName};

/// What a header lists, in its order, each with its weight between 0 and 1. One whose weight can't be read is not wanted.
pub fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, f32)> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        (name.trim(), weight(parameters))
    })
}

fn weight(parameters: &str) -> f32 {
    let named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut weights = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q")).map(|(_, weight)| weight);
    let weight = weights.next().map_or(Ok(1.0), |weight| weight.trim().parse());
    weight.ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT_LANGUAGE;

    use super::*;

    #[test]
    fn items_come_in_their_order_with_their_weights() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_LANGUAGE, "ja ; q=0.8,en;Q=0".parse().unwrap());
        headers.append(ACCEPT_LANGUAGE, "*;x=y;q=.5, de;q=much, fr;q=nan, it;q=2, es".parse().unwrap());
        let found: Vec<_> = items(&headers, ACCEPT_LANGUAGE).collect();
        let expected = [("ja", 0.8), ("en", 0.0), ("*", 0.5), ("de", 0.0), ("fr", 0.0), ("it", 0.0), ("es", 1.0)];
        assert_eq!(found, expected);
    }
}
