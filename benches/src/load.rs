//! Clients that ask again and again, each over its own connection, and how long each answer took.
//!
//! Without a pace a client asks as soon as it has its answer (a closed loop). With one it asks at its times, and an
//! answer that makes it late counts from the time at which the next should have been asked: nothing slow is left out.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    Outcome,
    http::{Connection, Reply},
};

/// What a client sends, and how its next request follows from a reply.
#[derive(Clone)]
pub struct Client {
    pub request: Vec<u8>,
    pub follow: fn(&mut Vec<u8>, &Reply),
}

impl Client {
    /// One who always sends the same.
    pub fn steady(request: Vec<u8>) -> Self {
        Self { request, follow: |_, _| {} }
    }
}

/// Requests that were answered: when each was sent and how long it took.
#[derive(Default)]
pub struct Samples {
    taken: Vec<(Instant, Duration)>,
    /// Answered with anything but 200.
    pub failed: usize,
    seconds: f64,
}

impl Samples {
    /// Those sent within a stretch of time.
    pub fn between(&self, from: Instant, to: Instant) -> Self {
        let taken = self.taken.iter().copied().filter(|(at, _)| (from..to).contains(at)).collect();
        Self { taken, failed: 0, seconds: to.saturating_duration_since(from).as_secs_f64() }
    }

    /// Several stretches as one.
    pub fn of(runs: Vec<Self>) -> Self {
        let mut all = Self::default();
        for run in runs {
            all.seconds += run.seconds;
            all.add(run);
        }
        all
    }

    fn add(&mut self, more: Self) {
        self.taken.extend(more.taken);
        self.failed += more.failed;
    }

    pub fn count(&self) -> usize {
        self.taken.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody asks 2^52 times")]
    pub fn per_second(&self) -> f64 {
        self.taken.len() as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// The time in milliseconds within which so many percent were answered; 0 if nothing was asked.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut times: Vec<Duration> = self.taken.iter().map(|(_, took)| *took).collect();
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        if times.is_empty() {
            return 0.0;
        }
        times.select_nth_unstable(at).1.as_secs_f64() * 1000.0
    }
}

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Outcome<(usize, Client, Samples)>>,
    began: Instant,
}

impl Load {
    /// Lets each client begin; `every` is its pace.
    pub fn start(addr: SocketAddr, clients: &[Client], every: Option<Duration>) -> Self {
        let mut load = Self { stop: Arc::default(), clients: JoinSet::new(), began: Instant::now() };
        for (number, client) in clients.iter().enumerate() {
            // Spread over the pace, so that they don't ask in step.
            let share = |number: usize| u32::try_from(number).unwrap_or(1);
            let first = load.began + every.unwrap_or_default() * share(number) / share(clients.len());
            let (mut client, stop) = (client.clone(), Arc::clone(&load.stop));
            load.clients.spawn(async move {
                let samples = ask(addr, &mut client, every.map(|every| (first, every)), stop).await?;
                Ok((number, client, samples))
            });
        }
        load
    }

    /// Lets them finish.
    pub async fn stop(self) -> Outcome<Samples> {
        self.stop_at(&mut []).await
    }

    async fn stop_at(mut self, clients: &mut [Client]) -> Outcome<Samples> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Samples { seconds: self.began.elapsed().as_secs_f64(), ..Samples::default() };
        while let Some(done) = self.clients.join_next().await {
            let (number, client, samples) = done??;
            all.add(samples);
            if let Some(place) = clients.get_mut(number) {
                *place = client;
            }
        }
        Ok(all)
    }

    /// The same for a fixed time. The clients are left as they would go on.
    pub async fn run(
        addr: SocketAddr,
        clients: &mut [Client],
        every: Option<Duration>,
        time: Duration,
    ) -> Outcome<Samples> {
        let load = Self::start(addr, clients, every);
        tokio::time::sleep(time).await;
        load.stop_at(clients).await
    }
}

async fn ask(
    addr: SocketAddr,
    client: &mut Client,
    mut pace: Option<(Instant, Duration)>,
    stop: Arc<AtomicBool>,
) -> Outcome<Samples> {
    let mut connection = Connection::open(addr).await?;
    let mut samples = Samples::default();
    while !stop.load(Ordering::Relaxed) {
        let mut began = Instant::now();
        if let Some((due, every)) = &mut pace {
            if *due > began {
                sleep_until(*due).await;
                began = Instant::now();
            } else {
                began = *due;
            }
            *due += *every;
        }
        let reply = connection.send(&client.request).await?;
        samples.taken.push((began, began.elapsed()));
        samples.failed += usize::from(reply.status != 200);
        (client.follow)(&mut client.request, &reply);
    }
    Ok(samples)
}
