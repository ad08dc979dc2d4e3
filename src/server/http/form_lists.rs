//! A field that comes several times is a list. Forms say so by repeating its name, server functions only understand
//! names with brackets (`user_ids[]`), so those are put in on the way.

use std::collections::HashMap;

use axum::body::Bytes;

/// The form, with brackets after each name that comes more than once.
#[must_use]
pub fn bracketed(form: Bytes) -> Bytes {
    let Ok(text) = std::str::from_utf8(&form) else { return form };
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (name, _) in text.split('&').map(field) {
        *times.entry(name).or_default() += 1;
    }
    times.retain(|name, times| *times > 1 && !name.is_empty() && !has_brackets(name));
    if times.is_empty() {
        return form;
    }
    let pairs = text.split('&').map(|pair| match field(pair) {
        (name, value) if times.contains_key(name) => format!("{name}[]={value}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&").into()
}

fn field(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

fn has_brackets(name: &str) -> bool {
    name.contains('[') || name.to_ascii_lowercase().contains("%5b")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> String {
        String::from_utf8(bracketed(Bytes::copy_from_slice(form.as_bytes())).to_vec()).unwrap()
    }

    #[test]
    fn a_name_that_is_repeated_gets_brackets_and_no_other_does() {
        for (form, expected) in [
            ("", ""),
            ("a=1", "a=1"),
            ("a=1&b=2&a=", "a[]=1&b=2&a[]="),
            ("a&a", "a[]=&a[]="),
            ("a[]=1&a[]=2", "a[]=1&a[]=2"),
            ("a%5B%5D=1&a%5B%5D=2", "a%5B%5D=1&a%5B%5D=2"),
            ("&&a=1=2&a=3", "&&a[]=1=2&a[]=3"),
        ] {
            assert_eq!(read(form), expected, "{form}");
        }
    }
}
