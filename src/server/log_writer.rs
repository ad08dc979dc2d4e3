//! The only writer to stderr: a thread of its own behind a bounded queue, so that a log that is full, closed or not read
//! costs lines and never an answer. Lines that don't fit or can't be written are counted, and dropped.
//!
//! `tracing-appender` has such a writer, but it doesn't count what the descriptor refuses, and at the end it prints to
//! stdout when its queue is stuck, which may hang or panic.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

/// What may wait to be written, in bytes.
const LONGEST_QUEUE: usize = 1024 * 1024;
/// How long an end waits for what has not been written yet.
const PATIENCE: Duration = Duration::from_millis(500);

static STDERR: LazyLock<Lines> = LazyLock::new(|| Lines::to(io::stderr()));

/// The way to stderr.
#[must_use]
pub fn stderr() -> Lines {
    STDERR.clone()
}

/// Lines that were lost since the start.
#[must_use]
pub fn lost() -> Counter {
    STDERR.0.lost.clone()
}

/// Writes to stderr, when it is dropped, what is still waiting: a process that ends takes its threads along.
pub struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        STDERR.0.flush(PATIENCE);
    }
}

/// A queue of lines and the thread that writes them. `write` never waits and never fails.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    written: Condvar,
    lost: Counter,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Something was taken from the queue and is not written yet.
    writing: bool,
}

impl Lines {
    fn to(writer: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        // Without a thread the queue fills, and lines are lost and counted.
        let _ = thread::Builder::new().name("log".to_owned()).spawn(move || own.write_all_to(writer));
        Self(shared)
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.queue();
        if queue.waiting.len() + line.len() > LONGEST_QUEUE {
            self.0.lost.inc_by(count(line));
        } else {
            queue.waiting.extend_from_slice(line);
            self.0.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut writer: impl Write) {
        loop {
            let empty = |queue: &mut Queue| queue.waiting.is_empty();
            let mut queue = self.filled.wait_while(self.queue(), empty).unwrap_or_else(PoisonError::into_inner);
            let taken = std::mem::take(&mut queue.waiting);
            queue.writing = true;
            drop(queue);
            for line in taken.split_inclusive(|byte| *byte == b'\n') {
                if writer.write_all(line).is_err() {
                    self.lost.inc();
                }
            }
            self.queue().writing = false;
            self.written.notify_all();
        }
    }

    /// Waits for all to be written, for a while.
    fn flush(&self, patience: Duration) {
        let unwritten = |queue: &mut Queue| queue.writing || !queue.waiting.is_empty();
        drop(self.written.wait_timeout_while(self.queue(), patience, unwritten));
    }
}

fn count(text: &[u8]) -> u64 {
    text.split_inclusive(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Hands on what is written, and waits until it is taken.
    struct Handed(SyncSender<Vec<u8>>);

    impl Write for Handed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn handed() -> (Lines, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (Lines::to(Handed(sender)), receiver)
    }

    #[test]
    fn lines_come_whole_and_in_order() {
        let (mut lines, read) = handed();
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\nthree\n").unwrap();
        let read: Vec<Vec<u8>> = (0..3).map(|_| read.recv().unwrap()).collect();
        assert_eq!(read, [&b"one\n"[..], b"two\n", b"three\n"]);
        lines.0.flush(LONG);
        assert_eq!(lines.0.lost.get(), 0);
    }

    #[test]
    fn what_a_stalled_reader_leaves_no_room_for_is_counted_and_dropped() {
        let (mut lines, _unread) = handed();
        let line = [&[b'a'; 1023][..], b"\n"].concat();
        for _ in 0..=(2 * LONGEST_QUEUE / line.len()) {
            lines.write_all(&line).unwrap();
        }
        assert!(lines.0.lost.get() > 0);
        assert!(lines.0.queue().waiting.len() <= LONGEST_QUEUE);
        lines.0.flush(Duration::from_millis(10));
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        let (mut lines, read) = handed();
        drop(read);
        lines.write_all(b"one\ntwo\n").unwrap();
        lines.0.flush(LONG);
        assert_eq!(lines.0.lost.get(), 2);
    }
}
