//! The order in which things are gathered, with a batch that does what each test wants.

use std::{future::pending, time::Duration};

use futures::{FutureExt as _, future::join_all};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{sleep, timeout},
};

use super::*;
use crate::server::store::patience::PATIENCE;

type Batches = UnboundedReceiver<Vec<Job<u32, u32>>>;

/// Batches come to the test, which answers them; each holds its lane as long as `hold`.
fn gatherer(hold: Duration) -> (Arc<Gatherer<u32, u32>>, Batches, TaskTracker) {
    let (send, batches) = unbounded_channel();
    let tasks = TaskTracker::new();
    let run = move |batch: Vec<Job<u32, u32>>| {
        send.send(batch).unwrap();
        sleep(hold).boxed()
    };
    (Arc::new(Gatherer::new(tasks.clone(), run)), batches, tasks)
}

fn session(number: u32) -> SessionId {
    SessionId::parse(&format!("01a1ffc5-012b-746f-aeaf-{number:012}")).unwrap()
}

fn ask(gatherer: &Arc<Gatherer<u32, u32>>, number: u32, what: u32) -> tokio::task::JoinHandle<StoreResult<u32>> {
    let gatherer = Arc::clone(gatherer);
    tokio::spawn(async move { gatherer.ask(session(number), what).await })
}

fn asked(batch: &[Job<u32, u32>]) -> Vec<u32> {
    batch.iter().map(|job| job.what).collect()
}

/// Answers a batch, and says what was asked in it.
fn answer(batch: Vec<Job<u32, u32>>) -> Vec<u32> {
    let asked = asked(&batch);
    for job in batch {
        let answer = job.what + 1;
        job.answer(Ok(answer));
    }
    asked
}

#[tokio::test(start_paused = true)]
async fn who_comes_alone_is_sent_at_once_however_often() {
    let (gatherer, mut batches, _tasks) = gatherer(Duration::ZERO);
    let began = Instant::now();
    for number in 0..100 {
        let asking = ask(&gatherer, 1, number);
        assert_eq!(answer(batches.recv().await.unwrap()), [number]);
        assert_eq!(asking.await.unwrap().unwrap(), number + 1);
    }
    assert!(began.elapsed() < MOMENT);
}

#[tokio::test(start_paused = true)]
async fn after_a_batch_of_several_one_waits_for_others_until_they_are_enough_or_for_a_moment() {
    let (gatherer, mut batches, _tasks) = gatherer(Duration::ZERO);
    let _several = [ask(&gatherer, 1, 1), ask(&gatherer, 2, 2)];
    let began = Instant::now();
    assert_eq!(answer(batches.recv().await.unwrap()), [1, 2]);
    let first = ask(&gatherer, 10, 10);
    tokio::task::yield_now().await;
    assert!(batches.try_recv().is_err(), "it waits");
    let _others: Vec<_> =
        (11..10 + u32::try_from(ENOUGH).unwrap()).map(|number| ask(&gatherer, number, number)).collect();
    assert_eq!(answer(batches.recv().await.unwrap()).len(), ENOUGH);
    assert!(began.elapsed() < MOMENT, "and no longer than until they are enough");
    first.await.unwrap().unwrap();
    let _one = ask(&gatherer, 3, 3);
    assert_eq!(answer(batches.recv().await.unwrap()), [3]);
    // The clock that wakes has a grain of a millisecond.
    assert!((MOMENT..=MOMENT * 2).contains(&began.elapsed()), "and no longer than a moment: {:?}", began.elapsed());
    let began = Instant::now();
    let _next = ask(&gatherer, 4, 4);
    assert_eq!(answer(batches.recv().await.unwrap()), [4]);
    assert!(began.elapsed() < MOMENT, "and no more once one was alone");
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_all_lanes_are_taken_goes_together_in_the_next_batch() {
    let (gatherer, mut batches, _tasks) = gatherer(Duration::from_millis(10));
    let mut lanes = Vec::new();
    for lane in 0..LANES {
        let _asking = ask(&gatherer, lane, lane);
        lanes.push(asked(&batches.recv().await.unwrap()));
    }
    assert_eq!(lanes, [[0], [1]]);
    let _asking: Vec<_> = (10..15).map(|number| ask(&gatherer, number, number)).collect();
    assert_eq!(asked(&batches.recv().await.unwrap()), [10, 11, 12, 13, 14]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_holds_a_session_once_and_no_more_than_it_may() {
    let (gatherer, mut batches, _tasks) = gatherer(Duration::from_millis(10));
    let _asking: Vec<_> = (0..200).map(|number| ask(&gatherer, number / 2, number)).collect();
    let mut all = Vec::new();
    while all.len() < 200 {
        let batch = batches.recv().await.unwrap();
        let ids: HashSet<_> = batch.iter().map(|job| job.id.clone()).collect();
        assert_eq!(ids.len(), batch.len(), "each once");
        assert!(batch.len() <= BATCH);
        all.extend(asked(&batch));
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..200), "each is sent, and only once");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_is_served_all_the_same() {
    let (gatherer, mut batches, tasks) = gatherer(Duration::ZERO);
    let asking = ask(&gatherer, 1, 7);
    tokio::task::yield_now().await;
    asking.abort();
    assert_eq!(asked(&batches.recv().await.unwrap()), [7]);
    tasks.close();
    tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_too_long_is_told_so_and_not_obeyed_later() {
    let (gatherer, mut batches, _tasks) = gatherer(PATIENCE * 2);
    for lane in 0..LANES {
        let _held = ask(&gatherer, lane, lane);
        assert_eq!(asked(&batches.recv().await.unwrap()), [lane]);
    }
    let began = Instant::now();
    assert!(matches!(ask(&gatherer, 8, 8).await.unwrap(), Err(StoreError::Slow)));
    assert!((PATIENCE..PATIENCE * 2).contains(&began.elapsed()));
    sleep(PATIENCE).await;
    let _later = ask(&gatherer, 9, 9);
    let mut sent = Vec::new();
    while let Ok(Some(batch)) = timeout(PATIENCE * 4, batches.recv()).await {
        sent.extend(asked(&batch));
    }
    assert_eq!(sent, [9]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_breaks_down_leaves_nobody_hanging_and_the_way_free() {
    let run = |batch: Vec<Job<u32, u32>>| {
        let breaks = batch.iter().any(|job| job.what == 0);
        async move {
            // Amid its work: callers came meanwhile.
            sleep(Duration::from_millis(10)).await;
            assert!(!breaks, "on purpose");
            for job in batch {
                job.answer(Ok(1));
            }
        }
        .boxed()
    };
    let gatherer = Arc::new(Gatherer::new(TaskTracker::new(), run));
    let began = Instant::now();
    for round in 0..10 {
        let broken = join_all((0..LANES).map(|lane| ask(&gatherer, lane, 0))).await;
        assert!(broken.into_iter().all(|told| matches!(told.unwrap(), Err(StoreError::NotWritten))), "{round}");
    }
    let mut broken = Vec::new();
    for lane in 0..LANES {
        broken.push(ask(&gatherer, lane, 0));
        sleep(Duration::from_millis(2)).await;
    }
    let behind = join_all((2..20).map(|number| ask(&gatherer, number, number)));
    assert!(behind.await.into_iter().all(|told| told.unwrap().is_ok()));
    for broken in broken {
        assert!(matches!(broken.await.unwrap(), Err(StoreError::NotWritten)));
    }
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_hangs_lets_others_pass() {
    let run = |batch: Vec<Job<u32, u32>>| {
        async move {
            for job in batch {
                if job.what == 0 {
                    return pending().await;
                }
                job.answer(Ok(1));
            }
        }
        .boxed()
    };
    let gatherer = Arc::new(Gatherer::new(TaskTracker::new(), run));
    let hung = ask(&gatherer, 0, 0);
    sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    for number in 1..100 {
        ask(&gatherer, number, number).await.unwrap().unwrap();
    }
    assert!(began.elapsed() < PATIENCE);
    assert!(matches!(hung.await.unwrap(), Err(StoreError::Slow)));
}
