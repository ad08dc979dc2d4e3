//! People and sessions that don't exist, for a demonstration or a measurement: by the million, so the database makes the
//! rows itself, a range of numbers at a time.

use std::ops::Range;

use super::{On, StoreResult, Tx, sql};
use crate::domain::{activity::Grain, time::Timestamp};

/// The accounts of a run, numbered from 0. Instants and lengths are Unix milliseconds.
#[derive(Clone, Debug)]
pub struct People {
    /// All of a UUID but its last 12 digits, which are the number.
    pub ids: String,
    pub count: i64,
    pub password_hash: String,
    pub made_from: i64,
    pub made_within: i64,
}

/// Sessions of these people, numbered from 0 in the order of their sign-ins; each round of numbers gives everybody one.
#[derive(Clone, Debug)]
pub struct Sessions {
    pub ids: String,
    pub users: String,
    pub user_count: i64,
    pub count: i64,
    pub secret: [u8; 32],
    pub mac_kid: String,
    pub issued_as: &'static str,
    /// Whether someone ended them.
    pub ended: bool,
    pub now: i64,
    pub signed_in_from: i64,
    pub signed_in_within: i64,
    /// The longest from a sign-in to the last act.
    pub lived: i64,
    /// From sign-in, the first of its ends that is not idleness.
    pub max_age: i64,
    /// From sign-in and from the last act; 0 for none.
    pub absolute: i64,
    pub idle: i64,
}

/// Writes the accounts with the numbers of `rows`.
///
/// # Errors
/// [`StoreError::Conflict`](super::StoreError::Conflict) when they are there already.
pub async fn insert_people(tx: &mut Tx, people: &People, rows: &Range<i64>) -> StoreResult<u64> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO users (id, email, display_name, role, password_hash, created_at, name_key)
         WITH RECURSIVE
           n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2),
           given (tongue, k, mail, name) AS (VALUES
             (0, 0, 'hanako', '花子'), (0, 1, 'taro', '太郎'), (0, 2, 'yui', '結衣'), (0, 3, 'haruto', '陽翔'),
             (0, 4, 'sakura', 'さくら'), (0, 5, 'ren', '蓮'), (0, 6, 'aoi', '葵'), (0, 7, 'sota', '颯太'),
             (0, 8, 'misaki', '美咲'), (0, 9, 'kenji', '健二'), (0, 10, 'akari', '明里'), (0, 11, 'daichi', '大地'),
             (1, 0, 'emma', 'Emma'), (1, 1, 'liam', 'Liam'), (1, 2, 'zoe', 'Zoë'), (1, 3, 'noah', 'Noah'),
             (1, 4, 'lucia', 'Lucía'), (1, 5, 'omar', 'Omar'), (1, 6, 'priya', 'Priya'), (1, 7, 'jonas', 'Jonas'),
             (1, 8, 'chloe', 'Chloe'), (1, 9, 'mateo', 'Mateo'), (1, 10, 'ingrid', 'Ingrid'), (1, 11, 'samuel', 'Samuel')),
           family (tongue, k, mail, name) AS (VALUES
             (0, 0, 'sato', '佐藤'), (0, 1, 'suzuki', '鈴木'), (0, 2, 'takahashi', '高橋'), (0, 3, 'tanaka', '田中'),
             (0, 4, 'ito', '伊藤'), (0, 5, 'watanabe', '渡辺'), (0, 6, 'yamamoto', '山本'), (0, 7, 'nakamura', '中村'),
             (0, 8, 'kobayashi', '小林'), (0, 9, 'kato', '加藤'), (0, 10, 'yoshida', '吉田'),
             (1, 0, 'miller', 'Miller'), (1, 1, 'garcia', 'García'), (1, 2, 'okafor', 'Okafor'), (1, 3, 'novak', 'Novák'),
             (1, 4, 'larsen', 'Larsen'), (1, 5, 'rossi', 'Rossi'), (1, 6, 'patel', 'Patel'), (1, 7, 'dubois', 'Dubois'),
             (1, 8, 'meyer', 'Meyer'), (1, 9, 'walker', 'Walker'), (1, 10, 'haddad', 'Haddad'))
         SELECT $3 || substr(CAST(1000000000000 + i AS TEXT), 2),
           given.mail || '.' || family.mail || CAST(i + 1 AS TEXT) || '@demo.example',
           CASE given.tongue WHEN 0 THEN family.name || ' ' || given.name ELSE given.name || ' ' || family.name END,
           'user', $4, $5 + i * $6 / $7,
           LOWER(CASE given.tongue WHEN 0 THEN family.name || ' ' || given.name ELSE given.name || ' ' || family.name END)
         FROM n JOIN given ON given.tongue = i % 2 AND given.k = i / 2 % 12
           JOIN family ON family.tongue = i % 2 AND family.k = i / 2 % 11",
        rows.start,
        rows.end,
        &people.ids,
        &people.password_hash,
        people.made_from,
        people.made_within,
        people.count
    )
}

/// Writes the sessions with the numbers of `rows`.
///
/// Who signs in next is drawn by multiplying with a prime above any number of users, so that a round has each of them
/// once, in no order that an index would like.
///
/// # Errors
/// When the rows can't be written.
pub async fn insert_sessions(tx: &mut Tx, sessions: &Sessions, rows: &Range<i64>) -> StoreResult<u64> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO sessions (id, user_id, secret, mac_kid, generation, confirmed_generation, rotated_at, late_streak,
           late_generation, device_kind, user_agent, address, remembered, signed_in_at, last_active_at, expires_at,
           idle_end_at, absolute_end_at, ended_at, end_reason, issued_as, due_at,
           cleanup_at)
         WITH RECURSIVE
           n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2),
           began (i, who, since) AS (SELECT i, i * 2147483647 % $5, $9 + i * $10 / $8 FROM n),
           lived (i, who, since, active) AS (SELECT i, who, since,
             since + i * 7919 % 997 * (CASE WHEN $11 - since < $12 THEN $11 - since ELSE $12 END) / 1000 FROM began),
           device (k, kind, agent) AS (VALUES
             (0, 'Safari/iPhone', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'),
             (1, 'Chrome/Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'),
             (2, 'Chrome/Android', 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36'),
             (3, 'Safari/macOS', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15'),
             (4, 'Edge/Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0'),
             (5, 'Firefox/Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'),
             (6, 'Safari/iPad', 'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1')),
           place (k, network) AS (VALUES (0, '203.0.113.'), (1, '198.51.100.'), (2, '192.0.2.'), (3, '2001:db8:7::')),
           reason (k, word) AS (VALUES (0, 'revoked'), (1, 'kicked'), (2, 'limit'), (3, 'password'))
         SELECT $3 || substr(CAST(1000000000000 + i AS TEXT), 2),
           $4 || substr(CAST(1000000000000 + who AS TEXT), 2),
           $6, $7, 0, 0, 0, 0, 0, device.kind, device.agent, place.network || CAST(1 + i * 31 % 254 AS TEXT),
           TRUE, since, active, since + $13,
           CASE $15 WHEN 0 THEN $16 ELSE active + $15 END,
           CASE $14 WHEN 0 THEN $16 ELSE since + $14 END,
           CASE WHEN reason.word IS NULL THEN NULL ELSE active END, reason.word, $17,
           CASE WHEN reason.word IS NOT NULL OR since + $13 <= $11 THEN $16
             WHEN $15 > 0 AND active + $15 < since + $13 THEN active + $15 ELSE since + $13 END,
           CASE $14 WHEN 0 THEN since + $13 ELSE since + $14 END
         FROM lived JOIN device ON device.k = (who + i / $5) % 7 JOIN place ON place.k = i % 4
           LEFT JOIN reason ON reason.k = i % 4 AND $18",
        rows.start,
        rows.end,
        &sessions.ids,
        &sessions.users,
        sessions.user_count,
        sessions.secret.as_slice(),
        &sessions.mac_kid,
        sessions.count,
        sessions.signed_in_from,
        sessions.signed_in_within,
        sessions.now,
        sessions.lived,
        sessions.max_age,
        sessions.absolute,
        sessions.idle,
        Timestamp::NEVER.0,
        sessions.issued_as,
        sessions.ended
    )
}

/// Minutes of a month.
const MONTH: i64 = 30 * 24 * 60;

/// Writes down what so many people, with so many live sessions, would have done in the month before `now`, more by day
/// than by night: the minutes as long as they are kept, and all hours.
///
/// # Errors
/// When the rows can't be written.
pub async fn insert_activity(tx: &mut Tx, people: i64, live: i64, now: Timestamp) -> StoreResult<()> {
    for grain in Grain::ALL {
        let length = i64::try_from(grain.length().as_millis()).unwrap_or(i64::MAX);
        let kept = i64::try_from(grain.kept_for().as_secs() / 60 - 1).unwrap_or(i64::MAX).min(MONTH);
        sql!(
            tx.on(),
            execute,
            // How many come in a minute is a fraction, rounded up as often as it says.
            "INSERT INTO activity (grain, at, kind, n)
             WITH RECURSIVE
               n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3),
               minutes (i, at, hour) AS (SELECT i, $1 - i * 60000, ($1 - i * 60000) / 3600000 % 24 FROM n),
               kinds (kind, k, weight) AS (VALUES
                 ('sign_ins', 1, 2600), ('failures', 2, 300), ('refreshes', 3, 100000), ('kicks', 4, 4), ('reuse', 5, 1)),
               counts (at, kind, n) AS (
                 SELECT at, kind, ($4 * (hour * (24 - hour) + 10) * weight + i * i % 9973 * 7919 * k % 1000 * 100000) / 100000000
                   FROM minutes CROSS JOIN kinds)
             SELECT $2, at - at % $5, kind, CAST(SUM(n) AS BIGINT) FROM counts WHERE n > 0 GROUP BY at - at % $5, kind
             UNION ALL
             SELECT $2, at - at % $5, 'live', MAX($6 * (144 + hour * (24 - hour)) / 288) FROM minutes GROUP BY at - at % $5
             ON CONFLICT (grain, at, kind) DO NOTHING",
            Grain::Minute.floor(now).0,
            grain.as_str(),
            kept,
            people,
            length,
            live
        )?;
    }
    Ok(())
}

/// Has the accounts seen when their sessions last were.
///
/// # Errors
/// When the rows can't be written.
pub async fn note_sights(tx: &mut Tx, people: &People, rows: &Range<i64>) -> StoreResult<u64> {
    sql!(
        tx.on(),
        execute,
        "UPDATE users SET last_seen_at =
           COALESCE((SELECT MAX(last_active_at) FROM sessions WHERE sessions.user_id = users.id), 0)
         WHERE id >= $1 || substr(CAST(1000000000000 + CAST($2 AS BIGINT) AS TEXT), 2)
           AND id < $1 || substr(CAST(1000000000000 + CAST($3 AS BIGINT) AS TEXT), 2)",
        &people.ids,
        rows.start,
        rows.end
    )
}

/// The addresses of the first accounts.
///
/// # Errors
/// When the database can't be read.
pub async fn first_emails(db: On<'_>, people: &People, most: i64) -> StoreResult<Vec<String>> {
    let rows: Vec<(String,)> = sql!(
        db,
        fetch_all,
        "SELECT email FROM users WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
        &people.ids,
        // The digits of a number come before it.
        format!("{}a", people.ids),
        most
    )?;
    Ok(rows.into_iter().map(|(email,)| email).collect())
}
