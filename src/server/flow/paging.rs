//! Lists a page at a time: how many rows, and where the next page begins.

use crate::api::{ApiError, ApiResult};

/// 1 to 100, 25 when empty.
///
/// # Errors
/// `invalid` (`limit`).
pub fn page_size(limit: &str) -> ApiResult<i64> {
    if limit.is_empty() {
        return Ok(25);
    }
    limit
        .parse()
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| ApiError::invalid("limit", "out_of_range"))
}

/// Where a page begins: any text that a database can hold, since a cursor is a place in a list and need not be a row of it.
///
/// # Errors
/// `invalid` (`cursor`).
pub fn place(cursor: &str) -> ApiResult<&str> {
    // PostgreSQL's text has none.
    if cursor.contains('\0') { Err(ApiError::invalid("cursor", "malformed")) } else { Ok(cursor) }
}

/// Takes the one row too many off, and names the last one kept if there was one.
pub fn next_cursor<T>(rows: &mut Vec<T>, limit: i64, name: impl Fn(&T) -> String) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_a_hundred_rows_and_twenty_five_unasked() {
        assert_eq!([page_size(""), page_size("1"), page_size("100")], [Ok(25), Ok(1), Ok(100)]);
        for odd in ["0", "101", "-1", "ten", " 5"] {
            assert_eq!(page_size(odd), Err(ApiError::invalid("limit", "out_of_range")), "{odd:?}");
        }
    }

    #[test]
    fn a_place_in_a_list_is_any_text_but_one_that_no_database_holds() {
        assert_eq!([place(""), place("花 '")], [Ok(""), Ok("花 '")]);
        assert_eq!(place("a\0"), Err(ApiError::invalid("cursor", "malformed")));
    }

    #[test]
    fn a_next_page_is_named_only_where_there_is_one() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(next_cursor(&mut rows, 2, ToString::to_string).as_deref(), Some("2"));
        assert_eq!(rows, [1, 2]);
        assert_eq!(next_cursor(&mut rows, 2, ToString::to_string), None);
    }
}
