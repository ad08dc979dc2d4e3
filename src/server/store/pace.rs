//! Work on many rows, so that others are served meanwhile: in batches, with rests between them.

use std::time::Duration;

use tokio::time::Instant;

/// Rows in one write: few enough that a sign-in behind them doesn't notice.
pub const BATCH: u32 = 100;
/// The shortest rest.
const REST: Duration = Duration::from_millis(10);
/// A rest is so many times as long as the write before it: most of the database's time belongs to others.
const REST_PER_WRITE: u32 = 3;

/// A write of a batch that has begun.
pub struct Pace(Instant);

impl Pace {
    #[must_use]
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Waits after the write that began with this.
    pub async fn rest(self) {
        tokio::time::sleep(REST.max(self.0.elapsed() * REST_PER_WRITE)).await;
    }
}
