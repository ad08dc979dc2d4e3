//! `sekisho overview`: how much happens, as on the first page of the desk.

use serde_json::json;

use super::{
    direct::Direct,
    failure::Failure,
    out::{Out, aligned},
};
use crate::{
    api::overview::Overview,
    domain::activity::{Kind, Range},
    server::{
        config::Config,
        flow::overview::{self, MOST_ALARMS},
    },
};

/// # Errors
/// When the database can't be opened or read.
pub async fn show(config: &Config, range: Range, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let seen = overview::look(&direct.db, (range, direct.now), config.strategy.keeps_sessions()).await;
    direct.db.close().await;
    let overview = seen?;
    let mut value = json!(overview);
    for kind in Kind::ALL {
        value["totals"][kind.as_str()] = json!(overview.total(kind));
    }
    out.done(&told(&overview), &value);
    Ok(())
}

fn told(overview: &Overview) -> String {
    let mut rows: Vec<Vec<String>> = Kind::ALL
        .into_iter()
        .map(|kind| vec![name(kind).to_owned(), overview.total(kind).map_or("unknown".to_owned(), |n| n.to_string())])
        .collect();
    let more = if overview.alarms_open >= MOST_ALARMS { " or more" } else { "" };
    rows.push(vec!["open alarms, now".to_owned(), format!("{}{more}", overview.alarms_open)]);
    let range = match overview.range {
        Range::Hour => "LAST HOUR",
        Range::Day => "LAST 24 HOURS",
        Range::Month => "LAST 30 DAYS",
    };
    aligned(&["FIGURE", range], rows)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Live => "live sessions, now",
        Kind::SignIns => "sign-ins",
        Kind::Failures => "refused sign-ins",
        Kind::Refreshes => "refreshes",
        Kind::Kicks => "sessions kicked",
        Kind::Reuse => "reuse of a token",
    }
}
