//! Lists a page at a time: how many rows, and where the next page begins.

use crate::{
    api::{ApiError, ApiResult},
    server::store::sessions::{LivePlace, Session},
};

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

/// Where a page of live sessions begins; nowhere when empty.
///
/// # Errors
/// `invalid` (`cursor`).
pub fn live_place(cursor: &str) -> ApiResult<Option<LivePlace>> {
    if place(cursor)?.is_empty() {
        return Ok(None);
    }
    let parsed = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    let (last_active_at, id) = parsed.ok_or_else(|| ApiError::invalid("cursor", "malformed"))?;
    Ok(Some(LivePlace { last_active_at, id }))
}

/// The cursor of what comes after a live session.
#[must_use]
pub fn live_cursor(last: &Session) -> String {
    format!("{}.{}", last.last_active_at.0, last.id)
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
    fn a_place_among_live_sessions_is_an_instant_and_an_id() {
        let place = LivePlace { last_active_at: 17, id: "0192a5c0".to_owned() };
        assert_eq!([live_place("17.0192a5c0"), live_place("")], [Ok(Some(place)), Ok(None)]);
        for odd in ["17", ".x", "x.17", "99999999999999999999.x", "17.\0"] {
            assert_eq!(live_place(odd), Err(ApiError::invalid("cursor", "malformed")), "{odd:?}");
        }
    }

    #[test]
    fn a_next_page_is_named_only_where_there_is_one() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(next_cursor(&mut rows, 2, ToString::to_string).as_deref(), Some("2"));
        assert_eq!(rows, [1, 2]);
        assert_eq!(next_cursor(&mut rows, 2, ToString::to_string), None);
    }
}
