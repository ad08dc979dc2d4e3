//! What people say of a webhook, judged: where it leads, of what it is told, and what it is for.

use crate::{
    domain::webhook::Subscription,
    server::{
        canonical,
        outbound::{self, Unfit},
    },
};

/// All there is to say.
#[derive(Clone, Debug)]
pub struct Fields {
    pub url: String,
    pub events: String,
    pub description: String,
}

/// What is said anew; the rest stays as it is when that is written.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub url: Option<String>,
    pub events: Option<String>,
    pub description: Option<String>,
}

/// The field that was refused, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str, pub &'static str);

impl Fields {
    /// # Errors
    /// The field that can't be so.
    pub fn parse(url: &str, events: &[String], description: &str, allowed: &[ipnet::IpNet]) -> Result<Self, Refused> {
        let (url, events) = (address(url, allowed)?, types(events)?);
        Ok(Self { url, events, description: purpose(description)? })
    }
}

impl Changes {
    /// # Errors
    /// The field that can't be so.
    pub fn parse(
        (url, events, description): (Option<&str>, Option<&[String]>, Option<&str>),
        allowed: &[ipnet::IpNet],
    ) -> Result<Self, Refused> {
        Ok(Self {
            url: url.map(|url| address(url, allowed)).transpose()?,
            events: events.map(types).transpose()?,
            description: description.map(purpose).transpose()?,
        })
    }
}

impl From<Fields> for Changes {
    fn from(Fields { url, events, description }: Fields) -> Self {
        Self { url: Some(url), events: Some(events), description: Some(description) }
    }
}

fn address(typed: &str, allowed: &[ipnet::IpNet]) -> Result<String, Refused> {
    let url = outbound::parse(typed.trim(), allowed).map_err(|unfit: Unfit| Refused("url", unfit.as_str()))?;
    Ok(url.into())
}

fn types(typed: &[String]) -> Result<String, Refused> {
    let events = Subscription::parse(typed.iter().map(String::as_str)).map_err(|_| Refused("events", "unknown"))?;
    Ok(events.names().join(" "))
}

fn purpose(typed: &str) -> Result<String, Refused> {
    canonical::description(typed).ok_or(Refused("description", "too_long"))
}
