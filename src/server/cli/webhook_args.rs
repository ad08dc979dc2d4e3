//! What can be typed after `sekisho webhook`.

use clap::{Args, Subcommand, value_parser};

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// All webhooks
    List,
    /// Have an address told from now on; its secret is printed, once
    Create(NewWebhook),
    /// Have it told elsewhere, or of something else; what isn't named stays
    Update {
        id: String,
        #[command(flatten)]
        change: WebhookChange,
    },
    /// Give it another secret, which is printed, once; the former signs beside it for a day
    Rotate { id: String },
    /// Delete a webhook and the log of its deliveries
    Delete { id: String },
    /// Have it told again, of what happens from now on
    Enable { id: String },
    /// Tell it nothing more; what waits stays
    Disable { id: String },
    /// Send it a message `webhook.test`
    Test { id: String },
    /// Its newest deliveries
    Deliveries {
        id: String,
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Send one of its messages again; one that waits, at once
    Resend {
        id: String,
        /// See `sekisho webhook deliveries`
        #[arg(value_name = "MESSAGE_ID")]
        delivery: String,
    },
}

#[derive(Debug, Args)]
pub struct NewWebhook {
    #[arg(long)]
    pub url: String,
    /// Types of messages, such as `user.locked`; repeatable [default: all, also those to come]
    #[arg(long = "event", value_name = "TYPE")]
    pub events: Vec<String>,
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct WebhookChange {
    #[arg(long)]
    pub url: Option<String>,
    /// Types of messages it is told of instead; repeatable
    #[arg(long = "event", value_name = "TYPE")]
    pub events: Option<Vec<String>>,
    /// Have it told of all, also those to come
    #[arg(long, conflicts_with = "events")]
    pub all_events: bool,
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
}
